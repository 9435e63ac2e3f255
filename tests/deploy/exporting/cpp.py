"""The C++ compiler, for tests of the folder for microcontrollers."""

import shutil
import subprocess

COMPILER = shutil.which("c++")


def compile_cpp(source, options=()):
    """An executable beside the source, without its suffix."""
    command = [COMPILER, "-std=c++17", "-O2", source, *options, "-o", source.with_suffix("")]
    subprocess.run(command, check=True, capture_output=True)
