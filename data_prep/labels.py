"""Labels as people write them: scenes, splits, devices, cities, sessions."""

import unicodedata

SPLITS = {split: split for split in ("train", "validation", "test", "unlabelled")}
SPLITS |= {"training": "train", "val": "validation", "valid": "validation", "unlabeled": "unlabelled"}
SPLITS |= dict.fromkeys(("testing", "eval", "evaluate", "evaluation"), "test")


def plain(text: str) -> str:
    """A label without what nobody sees: one form of accented letters, one kind of blank, no invisible characters."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(text.split())
