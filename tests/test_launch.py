"""The scripts in experiments/launch, as --dry-run prints what they would do."""

import pathlib
import subprocess

import pytest

LAUNCH = pathlib.Path(__file__).parents[1] / "experiments" / "launch"


def run(script, *arguments, **environment):
    path = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}
    done = subprocess.run(
        ["bash", LAUNCH / script, *arguments], env=path | environment, text=True, capture_output=True, check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_training_runs_the_phases_with_their_options():
    status, lines, _ = run("train.sh", "--dry-run", "demo", "--clips", "my clips", PHASES="pretrain finetune")
    assert status == 0
    assert lines == [f".venv/bin/asc-jax {phase} demo --clips my\\ clips " for phase in ("pretrain", "finetune")]


def test_a_tpu_is_created_filled_and_used_by_all_its_machines():
    asked = ("--dry-run", "name", "us-west4-a", "v5litepod-16", "gs://bucket", "released", "--seed", "1")
    status, lines, _ = run("tpu.sh", *asked)
    verbs = [line.split("tpu-vm ")[1].split()[0] for line in lines[1:]]
    assert status == 0 and verbs == ["create", "scp", "ssh"]
    assert all("--zone us-west4-a" in line for line in lines[1:])
    assert "--accelerator-type v5litepod-16" in lines[1] and "--spot" in lines[1]
    assert "--worker all" in lines[2] and "--worker all" in lines[3]
    assert "train.sh released --distributed --workdir gs://bucket/runs/released" in lines[3]
    assert "--spot" not in run("tpu.sh", *asked, SPOT="")[1][1]
    assert "tpu-vm delete name" in run("tpu.sh", "--dry-run", "name", "us-west4-a", "delete")[1][0]


def test_slurm_starts_one_process_for_each_gpu():
    status, lines, _ = run("slurm.sh", "--dry-run", "demo", "--epochs", "3")
    assert status == 0
    assert lines[-1].startswith("srun ") and lines[-1].endswith("train.sh demo --epochs 3 --distributed ")


def test_a_gpu_machine_installs_and_trains():
    status, lines, _ = run("gpu.sh", "--dry-run", "demo")
    assert status == 0 and ".\\[cuda\\,gcs\\]" in "".join(lines) and "asc-jax pseudolabel demo" in lines[-1]


@pytest.mark.parametrize("script", ["install.sh", "train.sh", "gpu.sh", "tpu.sh", "slurm.sh"])
def test_without_what_it_needs_a_script_tells_its_usage(script):
    status, lines, error = run(script)
    assert status == 2 and lines == [] and script in error and "--dry-run" in error and "SBATCH" not in error
