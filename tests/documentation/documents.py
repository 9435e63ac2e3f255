"""What people are to run by the documentation: commands, Python, and the files that it names."""

import ast
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATES = (ROOT / "asc_jax/report/card.md",)
# A line of a block without a language is a command, whatever it begins with. Elsewhere it is one if it begins so:
PROGRAM = re.compile(
    r"(\[?[A-Z]+=(\"[^\"]*\"\]|\S*)\s)*"  # variables
    r"(make|asc-jax|python3?|pip|git|gcloud|gsutil|sbatch|srun|sky|bash|sh|curl|wget|docker|conda|uv|npm|apt(-get)?"
    r"|\.venv/bin/[\w-]+|([\w./-]+/)?[\w-]+\.sh|[\w./-]+/[\w-]+\.py)\s+\S"
)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")


@dataclass(frozen=True)
class Found:
    """A piece of a document, and where it stands."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text.splitlines()[0]}"


def markdown_files() -> list[Path]:
    """Every Markdown file of the repository that is not a template, nor in a folder that git ignores."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in ignored]
    files = [*ROOT.glob("*.md"), *itertools.chain.from_iterable(folder.rglob("*.md") for folder in folders)]
    return sorted(file for file in files if file not in TEMPLATES)


def source_files() -> list[Path]:
    """The files whose opening comment, or docstring, shows how they are run."""
    patterns = (
        "Makefile",
        "experiments/*.py",
        "experiments/launch/*.sh",
        "experiments/launch/*.yaml",
        "experiments/studies/*.py",
    )
    return [file for pattern in patterns for file in sorted(ROOT.glob(pattern))]


def commands() -> list[Found]:
    """All commands, in the order of the documents."""
    found = [each for file in markdown_files() for each in commands_of_markdown(file)]
    found += [each for file in source_files() for each in _of_comments(file)]
    return [Found(each.file, each.line, text) for each in found for text in _alternatives(each.text)]


def python() -> list[Found]:
    """Blocks of Python, and inline calls of this project's functions."""
    found = [(file, block) for file in markdown_files() for block in _blocks(file) if block[0] == "python"]
    blocks = [_at(file, line, code) for file, (_, line, code) in found]
    inline = [each for file in markdown_files() for each in _inline(file)]
    return blocks + [each for each in inline if re.match(r"(asc_jax|data_prep)\.[\w.]+\(", each.text)]


def named_files() -> list[tuple[Found, Path]]:
    """Links to files, and paths in this repository that stand in code; each with where it must be."""
    links = [
        (_at(file, _line(text, link.start()), link[1]), file.parent / link[1])
        for file in markdown_files()
        for text in [file.read_text()]
        for link in LINK.finditer(text)
    ]
    inline = [each for file in markdown_files() for each in _inline(file)]
    paths = [each for each in inline if re.fullmatch(r"(asc_jax|data_prep|experiments|tests)/[\w./-]*", each.text)]
    return links + [(each, ROOT / each.text) for each in paths]


def options() -> list[Found]:
    """The options that are named in prose, such as `--test-fold CITY`."""
    inline = [each for file in markdown_files() for each in _inline(file)]
    return [
        Found(each.file, each.line, option)
        for each in inline
        if not PROGRAM.match(each.text)
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]+(?!\S)", each.text)
    ]


def commands_of_markdown(file: Path) -> Iterator[Found]:
    """Every line of the blocks without a language, and inline code that begins as a command does."""
    for language, line, code in _blocks(file):
        if language == "":
            yield from _of_shell(file, line, code)
    for each in _inline(file):
        if PROGRAM.match(each.text):
            yield each


def _of_shell(file: Path, first: int, code: str) -> Iterator[Found]:
    """Each command of a block, and those that a comment offers as "or ..."."""
    joined = code.replace("\\\n", "\0")  # a continued line
    line = first
    for text in joined.split("\n"):
        command, *comment = re.split(r"(?:^|\s+)#\s", " ".join(text.replace("\0", " ").split()), maxsplit=1)
        if command:
            yield _at(file, line, command)
        for other in comment:
            if other.startswith("or ") and PROGRAM.match(other[3:]):
                yield _at(file, line, other[3:])
        line += 1 + text.count("\0")


def _of_comments(file: Path) -> Iterator[Found]:
    text = file.read_text()
    if file.suffix == ".py":
        lines = (ast.get_docstring(ast.parse(text), clean=False) or "").split("\n")
    else:
        lines = [line[1:] if line.startswith("#") else "" for line in text.split("\n")]
    for number, line in enumerate(lines, start=1):
        command = re.split(r"\s{3,}", line.strip())[0]
        if line.startswith(" ") and PROGRAM.match(command):
            yield _at(file, number, command)


def _blocks(file: Path) -> list[tuple[str, int, str]]:
    """(language, first line, code) of each fenced block."""
    text = file.read_text()
    return [(block[1], _line(text, block.start(2)), block[2]) for block in FENCED.finditer(text)]


def _inline(file: Path) -> list[Found]:
    """Code within the prose and its tables; it may go across a line's end."""
    text = FENCED.sub(lambda block: "\n" * block[0].count("\n"), file.read_text())
    return [_at(file, _line(text, code.start()), " ".join(code[1].split())) for code in INLINE.finditer(text)]


def _alternatives(text: str) -> list[str]:
    """One command for each of the words in "a|b|c"."""
    words = [word.split("|") if re.fullmatch(r"[\w-]+(\|[\w-]+)+", word) else [word] for word in text.split(" ")]
    return [" ".join(chosen) for chosen in itertools.product(*words)]


def _at(file: Path, line: int, text: str) -> Found:
    return Found(os.path.relpath(file, ROOT), line, text)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
