"""What stands in for a data set, a bucket or a long training, and the commands that are only compared with a list."""

import re

# Longer ones first where one contains another.
PLACEHOLDERS = {
    # what a reader fills in
    "COMMAND EXPERIMENT": "pretrain demo",
    "TYPE gs://BUCKET EXPERIMENT": "v5litepod-8 gs://BUCKET demo",
    ".sh EXPERIMENT": ".sh demo",
    "--dry-run EXPERIMENT": "--dry-run demo",
    "VERSION=...": "VERSION=v2-alpha-tpuv5-lite",
    "HOST:PORT": "localhost:1234",
    "--seed S": "--seed 0",
    "--synthesis-steps 400": "--synthesis-steps 20 --synthesis-pairs 4",
    # recordings
    "--tau2020 ...": "--tau2020 tau2020 --cas2023 cas2023",
    "/data/TAU2020": "tau2020",
    "/data/TAU2022": "tau2022",
    "/data/CAS2023": "cas2023",
    "TAU_FOLDER": "tau2020",
    "CAS_FOLDER": "cas2023",
    "CAS/eval": "cas2023/eval",
    "TAU_EVAL/evaluation_setup/fold1_test.csv": "tau2022/test.csv",
    "TAU_EVAL/audio": "tau2022/audio",
    "SOURCE=...": "SOURCE=tau2020",
    " tau2020 SOURCE ": " tau2020 tau2020 ",
    " tau2022 SOURCE ": " tau2022 tau2022 ",
    " cas2023 SOURCE ": " cas2023 cas2023 ",
    " clips SOURCE ": " clips recordings.csv ",
    "data/esc10_shift/clips.csv": "recordings.csv",
    "--split ...": "--split released",
    # runs: each experiment is trained once
    "runs/few_labels": "runs/mine",
    "asc-jax calibrate runs/mine --on": "asc-jax calibrate runs/seed0 --on",
    "asc-jax calibrate runs/mine": "asc-jax calibrate runs/seed0 --on runs/folds",
    "--cross-validate session --out runs/folds": "--cross-validate session --out runs/of_folds",
    "asc-jax train recordings.csv --out runs/mine": "asc-jax train recordings.csv --out runs/of_train",
    "runs/cas": "runs/mine",
    "runs/tau": "runs/mine",
    "report runs/released": "report runs/mine",
    "--out runs/published --records": "--out runs/tested --records",
    "--format onnx --check": "--format stablehlo --check",
    # folders of the long studies, which take a few folds in place of all
    "soak.py FOLDER": "soak.py",
    "UNDISTURBED MINUTES": "runs/mine 0",
    "--keep 1000 10000 100000 300000": "",
    "py FOLDER": "py studies",
    "FOLD1.csv FOLD2.csv FOLD3.csv FOLD4.csv": "FOLD1.csv FOLD2.csv",
    "LIST.csv LIST.csv ...": "FOLD1.csv FOLD2.csv",
    "LIST.csv ...": "FOLD5.csv",
    # the bucket is the folder in which the commands run
    "gs://...": "gs://BUCKET",
    "gs://BUCKET": ".",
    " ...": "",
}

TRAINING = ("pretrain", "finetune", "pseudolabel", "scratch")
# What commands on finished runs find, and the commands of other experiments copy: run -> its experiment and options.
TRAINED = {
    "runs/mine": ("few_labels", "--clips recordings.csv --seconds 5"),
    "runs/released": ("released", "--tau2020 tau2020 --cas2023 cas2023"),
    "runs/demo": ("demo", ""),
}
# Appended to a command of asc-jax; the last of two equal options counts.
SMALL_TRAINING = "--seconds 1 --epochs 1 --steps 0 --batch-size 8 --checkpoint-every 1 --finetune-rounds 1"
SMALL = {
    **dict.fromkeys(TRAINING, SMALL_TRAINING),
    **dict.fromkeys(("prepare", "data", "import-weights"), "--seconds 1"),
    "train": "--seconds 1 --dry-run",  # tests/cli/test_recipe.py trains
    "bench": "--seconds 1 --batch 8 --repeats 1 --clips 8",
}

# Programs that the tests cannot run: the whole command must match one of these, so that each was looked at.
NOT_RUN = (
    # Google Cloud's, for which there is no account here
    r"gcloud storage buckets create \S+ --location \S+",
    r"gcloud storage rsync --recursive \S+ \S+",
    r"gcloud compute tpus tpu-vm create \S+ --zone \S+ --accelerator-type \S+ --version \S+ --scopes cloud-platform"
    r"( --spot)?",
    r"gcloud compute tpus tpu-vm delete \S+ --zone \S+ --quiet",
    r"gcloud compute tpus tpu-vm scp \S+ \S+: --zone \S+ --worker all",
    # what tpu.sh packs, and unpacks on the TPU's machine
    r"git archive --output \S+ HEAD",
    r"set -e|mkdir -p asc_jax|tar -xzf asc_jax\.tar\.gz -C asc_jax|cd asc_jax",
    # where python3 is missing or too old
    r"bash -c 'curl -LsSf https://astral\.sh/uv/install\.sh \| sh'",
    r"\S+/uv python install --default --preview 3\.12",
    # `make test` and its like, of which this is a part
    r"ruff (check|format --check) \.",
    r"shellcheck .* 'experiments/launch/\*\.sh'",
    r"basedpyright --pythonpath \S+",
    r"(JAX_PLATFORMS=cpu TPU_LIBRARY_PATH=\S+ )?python -m pytest .*",
)

# Programs that write raw PCM, signed and of 16 bits, as these options have them do.
RECORDERS = (
    r"arecord -q -t raw -f S16_LE -r \d+ -c \d+",
    r"sox -q (-d|\S+\.wav) -t raw -e signed -b 16 -r \d+ -c \d+ -",
    r"ffmpeg -v error -i rtsp://\S+ -f s16le -ar \d+ -ac \d+ -",
)


def filled_in(text: str) -> str:
    """The command with its optional parts, and with something in each placeholder's place."""
    text = re.sub(r" \[options[^]]*\]", "", text)
    text = re.sub(r"(?<!\S)\[([^]]*)\](?!\S)", r"\1", text)
    for placeholder, instead in PLACEHOLDERS.items():
        text = text.replace(placeholder, instead)
    return text
