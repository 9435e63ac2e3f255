"""A trained network for runtimes that know nothing of this package."""
