"""Representations of emotional speech with deep convolutional GANs: the library."""
