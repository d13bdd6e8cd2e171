"""Infrastructure of jobs: files, errors, logs, processes and fingerprints of code."""
