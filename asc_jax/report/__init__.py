"""A run's report: one page that explains it, its figures as files, and the same for TensorBoard."""
