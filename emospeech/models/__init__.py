"""The four models of the paper, from one trunk."""
