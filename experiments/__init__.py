"""One short file per experiment: an asc_jax.config.Experiment, the command that runs it, and what it reached."""
