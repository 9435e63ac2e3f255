# make pretrain finetune pseudolabel [EXPERIMENT=demo] [WORKDIR=runs/demo] [ARGS="--epochs 3 ..."]
# make bench [ARGS="train eval --batch 64 ..."]
# make prepare DATA=tau2020 SOURCE=/data/TAU2020 [ARGS="--skip-bad ..."]
EXPERIMENT ?= demo
WORKDIR ?= runs/$(EXPERIMENT)
ARGS ?=
PYTHON ?= python3
CHROMIUM := $(or $(shell command -v chromium),/usr/bin/chromium)

# glibc's memory in huge pages: a training step on a CPU is 6 to 25 % faster, and the very first one 1 to 2 s slower.
export GLIBC_TUNABLES = glibc.malloc.hugetlb=1

.NOTPARALLEL:
.PHONY: help bench prepare pretrain finetune pseudolabel scratch evaluate report tensorboard test test-all test-extras lint clean

help: .venv/installed
	@.venv/bin/asc-jax --help

pretrain finetune pseudolabel scratch: .venv/installed
	.venv/bin/asc-jax $@ $(EXPERIMENT) --workdir $(WORKDIR) $(ARGS)

evaluate report: .venv/installed
	.venv/bin/asc-jax $@ $(WORKDIR) $(ARGS)

tensorboard: .venv/installed
	.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable ".[tensorboard]"
	.venv/bin/tensorboard --logdir $(WORKDIR) $(ARGS)

bench: .venv/installed
	.venv/bin/asc-jax bench $(ARGS)

prepare: .venv/installed
	.venv/bin/asc-jax prepare $(DATA) "$(SOURCE)" $(ARGS)

test: .venv/installed lint
	.venv/bin/python -m pytest --no-skips -m "not extra"

# 2 GB to install. PyPI's torch is a CUDA build on Linux; the CPU's: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
test-all: test test-extras

test-extras: .venv/extras .venv/oldest/installed $(CHROMIUM)
	.venv/bin/python -m pytest --no-skips -m extra

lint: .venv/installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/shellcheck --external-sources --source-path=SCRIPTDIR experiments/launch/*.sh

clean:
	rm -rf .venv runs prepared

.venv/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --upgrade pip
	.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $@

.venv/extras: .venv/installed
	.venv/bin/python -m pip install --quiet --constraint constraints.txt \
	    --editable ".[savedmodel,tensorboard,test,tflite,torch]"
	touch $@

.venv/oldest/installed: tests/deploy/exporting/oldest.txt
	$(PYTHON) -m venv .venv/oldest
	.venv/oldest/bin/python -m pip install --quiet --requirement $<
	touch $@

$(CHROMIUM):
	@command -v apt-get || { echo "a test opens the report in a browser: install chromium"; exit 1; }
	$(if $(filter 0,$(shell id -u)),,sudo) apt-get update --quiet
	$(if $(filter 0,$(shell id -u)),,sudo) apt-get install --quiet --yes --no-install-recommends chromium
