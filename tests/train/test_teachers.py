import numpy as np
import pandas
import pytest
from scipy.special import softmax

from asc_jax.errors import UserError
from asc_jax.train import teachers

SCENES = ("bus", "park")


@pytest.fixture
def clips(make_records):
    rows = [{"id": name, "split": "train"} for name in "abc"]
    return make_records(rows, np.zeros((3, 8), np.int16), SCENES).split("train")


@pytest.fixture
def table(tmp_path):
    """A function (name, its text) -> its path."""

    def write(name, text):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_probabilities_and_logits_are_known_by_their_sums(table):
    of_probabilities = teachers.read_table(table("p.csv", "id,park,bus\na,0.75,0.25\nb,0,1\n"), SCENES)
    np.testing.assert_allclose(softmax(of_probabilities, 1), [[0.25, 0.75], [1, 0]], atol=1e-6)
    of_logits = teachers.read_table(table("l.csv", "id,bus,park\na,0.75,0.25\nb,3,-1\n"), SCENES)
    assert of_logits.loc["b"].tolist() == [3, -1]


def test_spaces_and_a_byte_order_mark_are_no_part_of_names(table):
    read = teachers.read_table(table("spaces.csv", "\ufeffid, park, bus\na, 0.75, 0.25\n"), SCENES)
    np.testing.assert_allclose(softmax(read.loc["a"]), [0.25, 0.75], atol=1e-6)


def test_teachers_are_averaged_over_the_clips_that_they_know(clips, table):
    first = table("first.csv", "id,bus,park\na,0.2,0.8\nb,0.5,0.5\nelsewhere,1,0\n")
    second = table("second.csv", "id,bus,park\na,-1,-1\n")
    labels = teachers.soft_labels([first, second], 1.0, clips, 2)
    assert labels.index.tolist() == ["a", "b"]
    np.testing.assert_allclose(labels, [[0.35, 0.65], [0.5, 0.5]], atol=1e-6)
    targets = teachers.targets(clips, labels, 0.5)["soft_label"]
    np.testing.assert_allclose(targets, [[0.175, 0.325], [0.25, 0.25], [0, 0]], atol=1e-6)


def test_a_low_temperature_makes_teachers_certain(clips, table):
    file = table("first.csv", "id,bus,park\na,0.2,0.8\n")
    sharp = teachers.soft_labels([file], 0.5, clips, 2)
    np.testing.assert_allclose(sharp, [[0.04 / 0.68, 0.64 / 0.68]], atol=1e-6)


def test_soft_labels_are_kept(tmp_path):
    labels = pandas.DataFrame([[0.25, 0.75]], ["01"], ["bus", "park"])
    (tmp_path / "soft.csv").write_text(teachers.to_csv(labels))
    pandas.testing.assert_frame_equal(teachers.read_csv(tmp_path / "soft.csv"), labels, check_names=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,bus\na,1\n", "has no column park; its first line must be id,bus,park"),
        ("id;bus;park\na;1;0\n", "has no column id, bus, park; its first line must be"),
        ("name,bus,park\na,1,0\n", "has no column id; its first line must be"),
        ("id,bus,park,bus\na,1,0,0\n", "has two columns bus"),
        ("", r"is no table that can be read \(No columns"),
        ("id,bus,park\na,1,0\nb,1,0,0,0\n", r"is no table that can be read \(Error tokenizing"),
        ("id,bus,park\na,much,0\n", r"'much' \(id a, bus\) is no finite number"),
        ("id,bus,park\na,1,0\nb,1,\n", r"'' \(id b, park\) is no finite number"),
        ("id,bus,park\na,nan,0\n", r"'nan' \(id a, bus\) is no finite number"),
        ("id,bus,park\na,inf,0\n", "is no finite number"),
        ("id,bus,park\na,1,0\na,0,1\n", "id a has two rows; leave one"),
        ("id,bus,park\na,1,0\nb,0.9,0.9\n", "id b sums to 1.8, not to 1: give the probabilities of bus, park, or"),
        ("id,bus,park\na,70,30\nb,20,80\n", "sums to 100, not to 1"),
        ("id,bus,park,moon\na,0.5,0.3,0.2\n", "id a sums to 0.8, not to 1"),
        ("id,bus,park\na,1,0\nb,1.2,-0.2\n", "id b has -0.2: give the probabilities of"),
        ("id,bus,park\na,1,0\nb,0,1\nc,2,-3\n", "id c has -3: give the probabilities of"),
        ("id,bus,park\nz,1,0\n", "knows none of the clips, such as a"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(clips, table, text, message):
    with pytest.raises(UserError, match=message):
        teachers.soft_labels([table("bad.csv", text)], 1.0, clips, 2)


def test_a_run_that_does_not_fit_is_refused(clips, write_round, made_up, tmp_path):
    write_round(tmp_path / "long", "scratch", made_up(), samples=16_000)
    with pytest.raises(UserError, match="its clips have 1 s, not 0.0005: train one with --seconds 0.0005"):
        teachers.soft_labels([str(tmp_path / "long")], 1.0, clips, 2)
    write_round(tmp_path / "other", "scratch", made_up(), samples=8)
    with pytest.raises(UserError, match="its scenes are .*, not bus, park"):
        teachers.soft_labels([str(tmp_path / "other")], 1.0, clips, 2)


def test_a_teacher_that_is_not_there_is_named():
    with pytest.raises(UserError, match="--teachers absent.csv: No such file"):
        teachers.fingerprint("absent.csv")
