# make pretrain finetune pseudolabel [EXPERIMENT=demo] [WORKDIR=runs/demo] [ARGS="--epochs 3 ..."]
# make bench [ARGS="train eval --batch 64 ..."]
# make prepare DATA=tau2020 SOURCE=/data/TAU2020 [ARGS="--skip-bad ..."]
# make check|test|test-extras|test-tpu [PYTHON=python3.13] [CONSTRAINTS=/dev/null]   (in a fresh clone: the newest releases)
EXPERIMENT ?= demo
WORKDIR ?= runs/$(EXPERIMENT)
ARGS ?=
PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
# A process a core, each with whole files, the longest of which are among the first; compiling takes most of the time and
# uses one core.
PYTEST = .venv/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
INSTALL = .venv/bin/python -m pip install --quiet --constraint $(CONSTRAINTS)
CHROMIUM := $(or $(shell command -v chromium),/usr/bin/chromium)

# glibc's memory in huge pages: a training step on a CPU is 6 to 25 % faster, and the very first one 1 to 2 s slower.
export GLIBC_TUNABLES = glibc.malloc.hugetlb=1

.NOTPARALLEL:
.PHONY: help bench prepare pretrain finetune pseudolabel scratch evaluate report tensorboard check test test-all test-extras test-tpu lint clean

help: .venv/installed
	@.venv/bin/asc-jax --help

pretrain finetune pseudolabel scratch: .venv/installed
	.venv/bin/asc-jax $@ $(EXPERIMENT) --workdir $(WORKDIR) $(ARGS)

evaluate report: .venv/installed
	.venv/bin/asc-jax $@ $(WORKDIR) $(ARGS)

tensorboard: .venv/installed
	$(INSTALL) --editable ".[tensorboard]"
	.venv/bin/tensorboard --logdir $(WORKDIR) $(ARGS)

bench: .venv/installed
	.venv/bin/asc-jax bench $(ARGS)

prepare: .venv/installed
	.venv/bin/asc-jax prepare $(DATA) "$(SOURCE)" $(ARGS)

# Most of the tests' time is compiling: what has not changed since the last run is not compiled again.
check test test-extras: export JAX_COMPILATION_CACHE_DIR = $(CURDIR)/.pytest_cache/jax
check test test-extras: export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS = 0.1

# While one works: the network, the step and the command line, without the long tests.
check: .venv/installed lint
	$(PYTEST) -m "not extra and not tpu and not long" tests/net tests/train/test_step.py tests/cli tests/test_*.py

test: .venv/installed lint
	$(PYTEST) --no-skips -m "not extra and not tpu"

test-all: test test-extras

# What needs the extras, 2 GB to install (on Linux, PyPI's torch is a CUDA build of several GB more), Chromium, and a
# C++ compiler.
test-extras: .venv/extras .venv/oldest/installed .venv/onnxruntime-web/installed .venv/tflm/installed $(CHROMIUM)
	$(PYTEST) --no-skips -m extra

# Compiles every network for a TPU, which needs none: with the TPU's own compiler, 0.7 GB.
test-tpu: .venv/libtpu/installed
	JAX_PLATFORMS=cpu TPU_LIBRARY_PATH="$(CURDIR)/.venv/libtpu/libtpu/libtpu.so" .venv/bin/python -m pytest --no-skips -m tpu

lint: .venv/installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/basedpyright --pythonpath .venv/bin/python
	.venv/bin/shellcheck --external-sources --source-path=SCRIPTDIR experiments/launch/*.sh

clean:
	rm -rf .venv .pytest_cache runs prepared

.venv/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --upgrade pip
	$(INSTALL) --editable ".[test]"
	touch $@

.venv/extras: .venv/installed
	$(INSTALL) --editable ".[av,savedmodel,tensorboard,test,tflite,torch]"
	touch $@

.venv/oldest/installed: tests/deploy/exporting/oldest.txt
	$(PYTHON) -m venv --clear .venv/oldest
	.venv/oldest/bin/python -m pip install --quiet --requirement $<
	touch $@

# 33 MB from npm's registry, of which 14 MB are kept.
.venv/onnxruntime-web/installed: .venv/installed asc_jax/deploy/exporting/onnxruntime_web.py
	.venv/bin/python -c 'from pathlib import Path; from asc_jax.deploy.exporting.onnxruntime_web import download; \
	    download(Path("$(@D)"))'
	touch $@

# TensorFlow Lite Micro, compiled for this machine; beside the packages, because it asks for an older NumPy.
.venv/tflm/installed: .venv/installed
	rm -rf .venv/tflm
	$(INSTALL) --no-deps --target .venv/tflm xmos-ai-tools==1.4.2
	touch $@

# Beside the packages, not among them: with libtpu there, JAX would look for a TPU at every start.
.venv/libtpu/installed: .venv/installed
	rm -rf .venv/libtpu
	$(INSTALL) --no-deps --target .venv/libtpu "$$(.venv/bin/python -c 'from importlib.metadata import requires; \
	    print(next(each.split(";")[0] for each in requires("jax") if each.startswith("libtpu")))')"
	touch $@

$(CHROMIUM):
	@[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "install chromium: a test opens the report in it"; exit 1; }
	apt-get update --quiet
	apt-get install --quiet --yes --no-install-recommends chromium
