"""Spectrograms of audio files, and the HDF5 stores that hold those of a corpus."""
