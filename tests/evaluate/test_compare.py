import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from asc_jax.errors import UserError
from asc_jax.evaluate.compare import compare, mcnemar
from asc_jax.evaluate.runs import FinishedRound
from asc_jax.evaluate.tables import comparison_table


@pytest.fixture
def trained(write_round, made_up, tmp_path):
    """A function (name, share of clips that are right, seed) -> a finished round."""

    def make(name, right, seed=0, clips=300):
        return FinishedRound(write_round(tmp_path / str(seed), name, made_up(clips, right, seed), seed))

    return make


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_mcnemar_against_the_binomial_tail(pairs):
    first, second = np.array(pairs).T
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    tail = binom(gained + lost, 0.5).cdf(min(gained, lost))
    assert mcnemar(first, second) == pytest.approx(min(1, 2 * tail))
    assert mcnemar(first, second) == mcnemar(second, first)


def test_a_large_difference_is_claimed_for_these_trainings(trained):
    (found,) = compare([trained("scratch", 0.3), trained("finetune-3", 0.8)])
    assert found.difference.low > 0.3 and found.mcnemar < 1e-6
    assert found.verdict.startswith("The second is better") and "other seeds" in found.verdict
    (turned,) = compare([trained("scratch", 0.8, seed=1), trained("finetune-3", 0.3, seed=1)])
    assert turned.verdict.startswith("The first is better")


def test_chance_is_not_claimed(trained):
    (found,) = compare([trained("scratch", 0.7), trained("finetune-3", 0.7)])
    assert found.difference.value == 0 and found.mcnemar == 1
    assert found.verdict == "No difference shown."


def test_seeds_of_one_experiment_are_never_distinguished(trained):
    (found,) = compare([trained("scratch", 0.3), trained("scratch", 0.8, seed=1)])
    assert found.difference.low > 0.3 and found.verdict.startswith("Only the seed differs")


def test_rounds_that_descend_from_other_pretraining_are_other_experiments(trained):
    rounds = []
    for seed, batch_size in ((0, 4), (1, 8)):
        last = trained("finetune-3", 0.3 + 0.5 * seed, seed)
        for each, changed in (
            (trained("pretrain", 0.5, seed), {"phase": {"batch_size": batch_size}}),
            (last, {"start": "pretrain"}),
        ):
            config = json.loads((each.folder / "config.json").read_text())
            config["settings"]["round"] |= changed
            (each.folder / "config.json").write_text(json.dumps(config))
        rounds.append(FinishedRound(last.folder))
    assert compare(rounds)[0].verdict.startswith("The second is better")


def test_seeds_are_gathered_by_experiment(trained):
    first = [trained("scratch", right, seed) for seed, right in enumerate((0.3, 0.4, 0.35))]
    second = [trained("finetune-3", right, seed) for seed, right in enumerate((0.7, 0.8, 0.75))]
    (found,) = compare([*first, *second])
    rights = [np.mean([np.mean(e.predictions.label == e.predictions.truth) for e in side]) for side in (first, second)]
    assert found.accuracies == pytest.approx(tuple(rights)) and found.mcnemar is None
    assert found.verdict == "The second is better on clips like these."
    spread = [trained("pretrain", right, seed) for seed, right in enumerate((0.1, 0.9))]
    (uncertain,) = compare([*first, *spread])
    assert uncertain.verdict == "No difference shown."  # between its seeds is more than between the two


def test_several_comparisons_share_their_errors(trained):
    rounds = [trained("scratch", 0.5), trained("pretrain", 0.6), trained("finetune-3", 0.7)]
    (alone,), (shared, _) = compare(rounds[:2]), compare(rounds)
    assert shared.level == pytest.approx(0.975) and alone.level == 0.95
    assert shared.difference.low < alone.difference.low < alone.difference.high < shared.difference.high


def test_the_order_of_the_clips_does_not_matter(trained):
    first, second = trained("scratch", 0.5), trained("finetune-3", 0.7)
    before = compare([first, second])[0].difference
    file = second.folder / "predictions.csv"
    header, *rows = file.read_text().splitlines()
    file.write_text("\n".join([header, *rows[::-1]]) + "\n")
    assert compare([FinishedRound(first.folder), FinishedRound(second.folder)])[0].difference == before


def test_other_clips_are_refused(trained):
    with pytest.raises(UserError, match="300 and 299 clips, 299 the same"):
        compare([trained("scratch", 0.5), trained("finetune-3", 0.7, clips=299)])
    with pytest.raises(UserError, match="two runs"):
        compare([trained("pretrain", 0.5)])


def test_one_session_shows_nothing(trained):
    (found,) = compare([trained("scratch", 0.1, clips=4), trained("finetune-3", 1, clips=4)])
    assert "one session" in found.verdict


def test_table_names_what_was_compared(trained):
    table = comparison_table(compare([trained("scratch", 0.3), trained("finetune-3", 0.8)]))
    text = json.dumps([list(column.cells) for column in table.columns])
    assert "scratch" in text and "finetune-3" in text and "The second is better" in text


def test_differences_of_certain_trainings_keep_an_interval(trained):
    (found,) = compare([trained("scratch", 0.0), trained("finetune-3", 1.0)])
    assert found.difference.value == 1 and 0.5 < found.difference.low < 0.95
    assert found.verdict.startswith("The second is better")
