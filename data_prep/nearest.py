"""What a misspelt name was probably meant to be."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message on an unknown name, such as "; did you mean 'park'?", or "" if none is near."""
    spellings = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), spellings, 1)
    return f"; did you mean {spellings[found[0]]!r}?" if found else ""
