"""Errors that a user can fix, reported in one line."""


class UserError(Exception):
    """One line: what is wrong, where, and what to do. The command line prints it and exits with status 2."""
