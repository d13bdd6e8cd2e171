"""From weights and the test speaker to predictions, and from these to the paper's figures."""
