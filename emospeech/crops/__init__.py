"""Crops of spectrograms and batches of them: recordings, centres and oversampling."""
