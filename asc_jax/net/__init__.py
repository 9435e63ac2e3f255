"""What is learned: flax.linen modules from waveform to cosine, knowing nothing of files or training."""
