"""A speech synthesizer, and synthetic corpora in the formats of IEMOCAP and AMI."""
