"""How well it does: predictions of a test split, and what is computed from them."""
