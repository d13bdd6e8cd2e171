"""What runs a job: files written whole, its log and errors, fingerprints of code, processes."""
