"""Labels as people write them: scenes, splits, devices, cities, sessions."""

import unicodedata

SPLITS = {split: split for split in ("train", "validation", "test", "unlabelled")}
SPLITS |= {"training": "train", "val": "validation", "valid": "validation", "unlabeled": "unlabelled"}
SPLITS |= dict.fromkeys(("testing", "eval", "evaluate", "evaluation"), "test")

COLUMN_NAMES = {  # of a list, with what else they are called: in any case, and with blanks, - and _ or without
    "filename": ("file", "path", "filepath", "audio", "audio_file", "audio_path", "recording"),
    "scene_label": ("scene", "label", "class", "class_label", "class_name", "category"),
    "truth": ("true_label", "true_scene"),
    "split": ("set", "subset", "partition"),
    "device": ("source_label", "microphone", "recorder"),
    "city": ("town",),
    "session": ("session_id",),
    "identifier": (),  # DCASE's city-place
}


def column(name: str) -> str:
    """What a column is called here, of which its list has another name; any other name as it is."""
    return _COLUMN.get(_bare(name), name)


def _bare(name: str) -> str:
    return name.casefold().translate(dict.fromkeys(map(ord, " _-")))


_COLUMN = {_bare(each): name for name, others in COLUMN_NAMES.items() for each in (name, *others)}


def plain(text: str) -> str:
    """A label without what nobody sees: one form of accented letters, one kind of blank, no invisible characters."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(text.split())
