"""From stores to batches: which recordings, which word of each, and the crop around it."""
