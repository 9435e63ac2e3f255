"""What is learned from: prepared records -> batches of numpy arrays."""
