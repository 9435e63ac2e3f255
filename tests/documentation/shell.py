"""Runs documented commands: asc-jax in this process, scripts with --dry-run, and then what these and make print."""

import configparser
import contextlib
import importlib.util
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from string import Template
from types import SimpleNamespace

import pytest
import small_studies
import yaml
from documents import ROOT
from stand_ins import NOT_RUN, RECORDERS, SMALL, TRAINED, TRAINING, filled_in

from asc_jax.cli import main

# by make
INSTALLED = (
    ".venv/installed",
    ".venv/extras",
    ".venv/oldest/installed",
    ".venv/libtpu/installed",
    ".venv/onnxruntime-web/installed",
    ".venv/tflm/installed",
)
VARIABLE = re.compile("([A-Z_]+)=(.*)", re.DOTALL)


class ExtraNeeded(Exception):
    """All of a command works but what an extra is for, and that is not installed."""


class Shell:
    """Runs each command once, in a folder where small recordings stand in for all that a document names."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.finished = set()

    def run(self, line: str) -> None:
        """Runs a line of commands; the test fails if one does not work, or if no rule says how to test it."""
        self.run_words(_words(filled_in(line)))

    def run_words(self, words: list[str]) -> None:
        """The same for a line that is split into words."""
        for command in _split([word.removeprefix(".venv/bin/") for word in words], ("&&", ";")):
            text = shlex.join(command)
            if text not in self.finished and not any(re.fullmatch(known, text) for known in NOT_RUN):
                self._rule(command)(self, command)
            self.finished.add(text)

    def _rule(self, words):
        program = next(word for word in words if not VARIABLE.match(word))
        for pattern, rule in RULES.items():
            if re.fullmatch(pattern, program):
                return rule
        here = Path(__file__).relative_to(ROOT)
        _fail(words, f"No rule says how to test it: add one to RULES in {here}, or to NOT_RUN in stand_ins.py.")

    def asc_jax(self, words: list[str]) -> None:
        """In this process, at a small size."""
        arguments = words[1:]
        experiments = [experiment for experiment, _ in TRAINED.values()]
        imported = "runs/published" not in arguments or importlib.util.find_spec("torch")
        if arguments[0] in TRAINING and (arguments[1] not in experiments or not imported):
            return self.asc_jax_without_training(arguments)
        self._provide(arguments)
        self._asc_jax(arguments)

    def asc_jax_without_training(self, arguments: list[str]) -> None:
        """As `asc_jax`, but the rounds of a run that is there already stand in for trained ones."""
        self.provide("runs/mine")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("asc_jax.train.rounds.run", small_studies.copy_round)
            self._asc_jax(arguments)

    def _asc_jax(self, arguments, stdin=os.devnull):
        arguments = [self._prepared(argument) for argument in arguments]
        small = [] if "--help" in arguments else SMALL.get(arguments[0], "").split()
        output = io.StringIO()
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.chdir(self.folder))
            stack.enter_context(contextlib.redirect_stdout(output))
            stack.enter_context(contextlib.redirect_stderr(output))
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(sys, "stdin", SimpleNamespace(buffer=stack.enter_context(open(stdin, "rb"))))
            status = _status(main, [*arguments, *small])
        if missing := re.search(r".*pip install -e '\.\[.*", output.getvalue()):
            raise ExtraNeeded(missing[0])
        if status:
            _fail(["asc-jax", *arguments], f"It ended with status {status}.\n{output.getvalue()}")

    def _provide(self, arguments):
        """What a command takes: runs, and a checkpoint for PyTorch where PyTorch is."""
        for run in filter(re.compile(r"runs/seed\d").fullmatch, arguments):
            self.provide("runs/mine")
            self._copy(run, int(run[-1]))
        if arguments[0] not in TRAINING:
            for run in TRAINED:
                if any(run in word for word in arguments):
                    self.provide(run)
        if arguments[0] == "compare":
            self.provide("runs/mine")
            for seed, run in enumerate(arguments[1:]):
                self._copy(run, seed)
        if arguments[0] == "calibrate":
            self._copy_with_other_clips("runs/folds/session-1")
        if arguments[0] == "import-weights" and importlib.util.find_spec("torch"):
            self.run("asc-jax export-weights runs/released --out model.ckpt")
        elif arguments[0] == "finetune" and "runs/published" in arguments:
            self.run("asc-jax import-weights model.ckpt --out runs/published")

    def provide(self, run: str) -> None:
        """Trains the run, unless it is there, by the commands that the documentation gives."""
        experiment, options = TRAINED[run]
        for command in TRAINING[:3]:
            self.run(f"asc-jax {command} {experiment} --workdir {run} {options}")

    def _prepared(self, argument):
        """The folder of records for one such as prepared/tau2020/..."""
        if not (shortened := re.fullmatch(r"prepared/(\w+)/\.\.\.", argument)):
            return argument
        self.run(f"asc-jax prepare {shortened[1]} {shortened[1]}")
        return str(next(self.folder.glob(f"prepared/{shortened[1]}/*/*")))

    def _copy(self, run, seed):
        """A run with the scores of runs/mine and another seed."""
        copy = self.folder / run
        if not copy.exists():
            shutil.copytree(self.folder / "runs/mine", copy)
            for config in copy.glob("*/config.json"):
                config.write_text(config.read_text().replace('"seed": 0', f'"seed": {seed}'))

    def _copy_with_other_clips(self, run):
        """A run as runs/mine, but tested on clips of other names."""
        self._copy(run, 0)
        for table in (self.folder / run).glob("*/predictions.csv"):
            table.write_text(table.read_text().replace("audio/", "others/"))

    def cat(self, words: list[str]) -> None:
        (_, file), (_, *arguments) = _split(words, ("|",))
        self._provide(arguments)
        self._asc_jax(arguments, self.folder / file)

    def recorder(self, words: list[str]) -> None:
        """Raw PCM stands in for what a program records."""
        program, (_, *arguments) = _split(words, ("|",))
        if not any(re.fullmatch(known, shlex.join(program)) for known in RECORDERS):
            _fail(words, "It is none of the RECORDERS in stand_ins.py: run it once, and add it.")
        self._provide(arguments)
        self._asc_jax(arguments, self.folder / "stream.raw")

    def make(self, words: list[str]) -> None:
        """Runs what make would."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        installed = [option for file in INSTALLED for option in ("--old-file", file)]
        asked = ["make", "--dry-run", "--no-print-directory", "-C", ROOT, *installed, "CHROMIUM=Makefile", *words[1:]]
        for line in _output(asked, environment).splitlines():
            if not line.startswith("make:"):
                self.run(line)

    def script(self, words: list[str]) -> None:
        """Runs what a script would; Slurm's program in front of it makes no difference to that."""
        environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "TMPDIR": str(self.folder)}
        environment |= dict(variable.groups() for variable in map(VARIABLE.match, words) if variable)
        first = next(number for number, word in enumerate(words) if word.endswith(".sh"))
        script, options = words[first], words[first + 1 :]
        path = ROOT / "experiments/launch" / script if "/" not in script else ROOT / script
        options = options if options[:1] == ["--dry-run"] else ["--dry-run", *options]
        for line in _output(["bash", path, *options], environment).splitlines():
            self.run_words(_words(line))

    def gcloud(self, words: list[str]) -> None:
        """Runs what tpu.sh has the TPU's machines run."""
        *start, remote = words
        if not re.fullmatch(r"gcloud compute tpus tpu-vm ssh \S+ --zone \S+ --worker all --command", " ".join(start)):
            _fail(words, "It is none of the commands of gcloud that are listed in NOT_RUN in stand_ins.py.")
        for line in remote.splitlines():
            self.run(line)

    def sky(self, words: list[str]) -> None:
        """Runs what the task's file says."""
        verb, file, given = words[1:3], words[3], words[4:]
        task = yaml.safe_load((ROOT / file).read_text())
        values = dict(word.split("=", 1) for word in given[1::2])
        if verb != ["jobs", "launch"] or {*given[::2]} != {"--env"} or not values.keys() <= task["envs"].keys():
            _fail(words, f"It is not: sky jobs launch FILE --env NAME=..., with a NAME of {', '.join(task['envs'])}.")
        for line in Template(task["setup"] + task["run"]).substitute(task["envs"] | values).splitlines():
            self.run(line)

    def python(self, words: list[str]) -> None:
        if words[1:3] == ["-m", "pip"]:
            return self.pip(words[2:])
        self.provide("runs/mine")
        with contextlib.chdir(self.folder):
            status = _status(small_studies.run, self, ROOT / words[1], words[2:])
        if status:
            _fail(words, f"It ended with status {status}.")

    def pip(self, words: list[str]) -> None:
        """Installs nothing; the extra must be there."""
        known = r"pip install (--quiet |--constraint \S+ )*(-e|--editable) \.\[([\w,]+)\]"
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg")
        match = re.fullmatch(known, " ".join(words))
        if not match or not {*match[3].split(",")} <= setup["options.extras_require"].keys():
            _fail(words, "It is not: pip install -e '.[EXTRA]', with an EXTRA of setup.cfg.")

    def git(self, words: list[str]) -> None:
        """The commit that is checked out must be there, where the whole history is."""
        if words[1] != "checkout":
            _fail(words, "Only git checkout COMMIT is tested.")
        if _output(["git", "-C", ROOT, "rev-parse", "--is-shallow-repository"]).strip() == "false":
            _output(["git", "-C", ROOT, "cat-file", "-e", f"{words[2]}^{{commit}}"])

    def tensorboard(self, words: list[str]) -> None:
        """What it would show must be there."""
        option, folder = words[1:]
        self.provide(folder)
        if option != "--logdir" or not list((self.folder / folder).glob("*/tensorboard/events.*")):
            _fail(words, "It is not: tensorboard --logdir RUN.")


RULES = {
    r"asc-jax": Shell.asc_jax,
    r"cat": Shell.cat,
    r"arecord|ffmpeg|sox": Shell.recorder,
    r"make": Shell.make,
    r"bash|sbatch|srun|([\w./-]+/)?[\w-]+\.sh": Shell.script,
    r"python3?": Shell.python,
    r"pip": Shell.pip,
    r"tensorboard": Shell.tensorboard,
    r"gcloud": Shell.gcloud,
    r"sky": Shell.sky,
    r"git": Shell.git,
}


def _words(line: str) -> list[str]:
    if "$'" in line:  # quoted as only bash does
        return _output(["bash", "-c", f"printf '%s\\0' {line}"]).split("\0")[:-1]
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, ""
    return list(lexer)


def _split(words: list[str], operators: tuple[str, ...]) -> list[list[str]]:
    """The commands between the operators."""
    commands = [[]]
    for word in words:
        if word in operators:
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def _output(words: list, environment: dict | None = None) -> str:
    """What a program prints; the test fails with its message if the program does."""
    done = subprocess.run(words, env=environment, text=True, capture_output=True, check=False)
    if done.returncode:
        _fail([str(word) for word in words], f"It ended with status {done.returncode}.\n{done.stdout}{done.stderr}")
    return done.stdout


def _status(function, *arguments) -> int:
    try:
        function(*arguments)
    except SystemExit as stop:
        return stop.code or 0
    return 0


def _fail(words: list[str], reason: str) -> None:
    pytest.fail(f"{shlex.join(words)}\n{reason}", pytrace=False)
