"""From predictions and metrics to tables, figures and the report page."""
