"""How it learns: one step, one loop, and the rounds that phases consist of."""
