"""Strictness for every test: rank promotion raises, matrix products run at full precision. And made-up records."""

import pathlib

import jax
import numpy as np
import pandas
import pytest

from asc_jax.data.records import Clips, Records

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_default_matmul_precision", "highest")


@pytest.fixture(scope="session")
def make_records():
    """A function (table of clips with a column "part", audio int16 [M, N], scenes) -> Records in memory."""

    def make(rows, audio, scenes, path=pathlib.Path("clips/1s-0/2.0.0")):
        texts = {"label": "", "truth": "", "device": "", "city": "", "session": ""}
        table = pandas.DataFrame([texts | {"sha256": f"{number}"} | row for number, row in enumerate(rows)])
        prints = np.zeros((len(audio), 0), np.uint16)
        clips = Clips(scenes, audio.shape[1], table.drop(columns="part"), lambda numbers: audio[numbers], prints)
        return Records(path, clips, "listed (0)", table["part"])

    return make
