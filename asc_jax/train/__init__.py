"""Training: one step, one loop, and the rounds that phases consist of."""
