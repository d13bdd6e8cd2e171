"""Measurements of time and memory, compared with reference implementations and lower bounds."""
