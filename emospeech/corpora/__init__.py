"""Readers that turn each corpus into tables of recordings and words."""
