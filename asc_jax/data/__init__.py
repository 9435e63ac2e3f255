"""Prepared records -> batches of numpy arrays."""
