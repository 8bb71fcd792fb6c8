"""`/metrics`: what a process counts, and what the store says of the whole installation. docs/metrics.md tells each."""
