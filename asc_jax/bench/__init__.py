"""How fast it is, how much memory it takes, and how far that is from what the machine could do."""
