"""Which tables stand on the report page, with their captions: a module for each section."""
