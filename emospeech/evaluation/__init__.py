"""Evaluation of predictions: metrics, statistics, references and leak checks."""
