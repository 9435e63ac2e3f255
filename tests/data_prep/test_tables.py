"""Lists are read whatever program wrote them, and mistakes are named by line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep import PrepareError
from data_prep.tables import read_table, with_column

FIELD = st.text(st.characters(blacklist_categories=["C", "Z"]), max_size=8)


@given(
    rows=st.lists(st.tuples(FIELD.filter(bool), FIELD), max_size=6),
    delimiter=st.sampled_from(",\t;"),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_reads_what_the_csv_module_writes(tmp_path_factory, rows, delimiter, newline, encoding):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows([("filename", "scene_label"), *rows])
    path = tmp_path_factory.mktemp("table") / "list.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    table = read_table(path, ("filename", "scene_label"))
    assert [(row["filename"], row["scene_label"]) for row in table] == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "sep=;\n"])
def test_a_column_is_replaced_and_all_else_stays(tmp_path, encoding, newline, delimiter, first):
    delimiter = ";" if first else delimiter
    text = first + 'filename,scene_label,"x, y"\n\na,,"1, 2"\nb,old,é\n'.replace(",", delimiter)
    path = tmp_path / "list.csv"
    path.write_bytes(text.replace("\n", newline).encode(encoding))
    assert [row["filename"] for row in read_table(path, ("filename", "scene_label"))] == ["a", "b"]
    filled = with_column(path, "scene_label", ["bus", "park"])
    expected = first + 'filename,scene_label,"x, y"\n\na,bus,"1, 2"\nb,park,é\n'.replace(",", delimiter)
    assert filled == expected.replace("\n", newline).encode(encoding)


def test_rows_of_several_lines_are_one_row(tmp_path):
    text = 'filename,scene_label,note\r\na,,"two\r\nlines, and more"\r\nb,,c\r\n'
    (tmp_path / "list.csv").write_bytes(text.encode())
    assert len(read_table(tmp_path / "list.csv", ("filename",))) == 2
    filled = with_column(tmp_path / "list.csv", "scene_label", ["bus", "park"])
    assert filled.decode() == text.replace('a,,"', 'a,bus,"').replace("b,,", "b,park,")


def test_empty_columns_behind_the_others_are_passed_over(tmp_path):
    (tmp_path / "list.csv").write_text("filename,scene_label,,\na,bus,,\nb,park,,\n")
    assert read_table(tmp_path / "list.csv", ("filename",))[1] == {"filename": "b", "scene_label": "park"}


def test_passes_over_empty_lines_and_strips_blanks(tmp_path):
    (tmp_path / "list.csv").write_text("\n filename , scene_label\n\n a.wav , park \n,\n\n")
    assert read_table(tmp_path / "list.csv", ("filename",)) == [{"filename": "a.wav", "scene_label": "park"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the list is empty"),
        (b"file,scene_label\n", "no column 'filename'; it has file, scene_label"),
        (b"filename,filename\n", "a column name occurs twice"),
        (b"filename,scene_label\na.wav,park\nb.wav\n", "line 3: 1 fields where the header has 2"),
        (b"filename,scene_label\na.wav,park,x\n", "line 2: 3 fields where the header has 2"),
        (b'filename,scene_label\n"a.wav,park\n', "line 2: unexpected end of data"),
        (b"filename\n\xfe\xff\n", "not UTF-8"),
    ],
)
def test_names_what_is_wrong(tmp_path, content, message):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(PrepareError, match=message) as error:
        read_table(tmp_path / "list.csv", ("filename",))
    assert str(tmp_path / "list.csv") in str(error.value)


def test_names_a_missing_list(tmp_path):
    with pytest.raises(PrepareError, match="list.csv: cannot read the list: No such file"):
        read_table(tmp_path / "list.csv", ("filename",))
