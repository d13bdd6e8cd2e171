"""Training one model on one fold with one set of parameters."""
