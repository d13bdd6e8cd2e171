"""The models: their networks, and how they learn from unlabelled speech."""
