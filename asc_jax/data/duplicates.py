"""Finds recordings that occur twice, by the fingerprints that data_prep has taken of them."""

import numpy as np
import pandas

GAP = 16  # words, 0.5 s: two words that far apart share no audio
COMMON = 50  # a key that more clips have says nothing about copies
OVERLAP = 62  # words, 2 s: what two clips must share at least
LARGEST_ERROR = 0.3  # share of the bits that a copy may change; between strangers it is 0.5
CHUNK = 4096  # candidates compared at a time


def near_duplicates(queries: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Which of the queries hold 2 s or more (or half a shorter clip) of a reference clip, at any shift: bool [Q].

    Fingerprints are uint16 [clips, words], 0 where nothing is known. Candidates are the clips and shifts at which
    two words, half a second apart, are the same; they are kept if no more than 30 % of all bits differ.
    """
    reference = np.unique(reference, axis=0)
    known = _keys(reference)
    known = known[known.groupby("key")["key"].transform("size") <= COMMON]
    pairs = _keys(queries).merge(known, on="key", suffixes=("", "_there"))
    pairs["shift"] = pairs["word"] - pairs["word_there"]
    candidates = pairs[["clip", "clip_there", "shift"]].drop_duplicates().to_numpy()
    found = np.zeros(len(queries), bool)
    for start in range(0, len(candidates), CHUNK):
        query, there, shift = candidates[start : start + CHUNK].T
        found[query[_agree(queries[query], reference[there], shift)]] = True
    return found


def _keys(fingerprints: np.ndarray) -> pandas.DataFrame:
    """A row for each two words GAP apart: key (the 32 bits of both), clip and word (where they are)."""
    first, second = fingerprints[:, :-GAP], fingerprints[:, GAP:]
    clip, word = np.nonzero((first != 0) & (second != 0))
    key = first[clip, word].astype(np.uint32) << 16 | second[clip, word]
    return pandas.DataFrame({"key": key, "clip": clip, "word": word})


def _agree(query: np.ndarray, there: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Whether the fingerprints [C, words], the second moved on by shift [C] words, are those of the same audio."""
    words = query.shape[1]
    other = np.arange(words) - shift[:, None]  # [C, words]
    moved = np.take_along_axis(there, other.clip(0, words - 1), axis=1)
    compared = (other >= 0) & (other < words) & (query != 0) & (moved != 0)
    wrong = np.where(compared, np.bitwise_count(query ^ moved), 0).sum(axis=1)
    count = compared.sum(axis=1)
    return (count >= min(OVERLAP, words // 2)) & (wrong <= LARGEST_ERROR * 16 * count)
