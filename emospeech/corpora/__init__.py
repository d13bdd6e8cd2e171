"""From a corpus on disk to tables of recordings and words; one module a corpus."""
