"""A training job that is killed goes on from its checkpoints to the same end."""

import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import torch

TESTS = Path(__file__).parents[1]
JOB = """
import os, signal, sys
from pathlib import Path
import torch
from attprior.training import job, step
from made_condition import SETTINGS, write_condition

folder, killed = Path(sys.argv[1]), tuple(map(int, sys.argv[2:]))
folder.mkdir(exist_ok=True)
torch.set_num_threads(1)
losses, steps = step.batch_losses, []

def counted(*arguments):
    steps.append(1)
    if len(steps) in killed:
        os.kill(os.getpid(), signal.SIGKILL)
    return losses(*arguments)

step.batch_losses = counted
models = {seed: folder / f"seed_{seed}" / "model.pt" for seed in (1, 2)}
job.train(
    *write_condition(folder), SETTINGS, models, folder / "history.tsv", folder / "checkpoints", "cpu"
)
print(len(steps))
"""


def train(folder, *killed_at):
    """Run a job of two seeds in a process of its own; it kills itself at a step."""
    paths = [TESTS.parent / "scripts", TESTS / "unit"]
    return subprocess.run(
        [sys.executable, "-c", JOB, str(folder), *map(str, killed_at)],
        env={"PYTHONPATH": ":".join(map(str, paths))},
        capture_output=True,
        text=True,
    )


def history(folder):
    return pd.read_csv(folder / "history.tsv", sep="\t").drop(columns="seconds")


def test_killed_job_goes_on_to_the_same_models_and_history(tmp_path):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    whole = train(undisturbed)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    # in the first seed's last epoch, then, past what was left of it, in the second seed's second
    for step in (int(steps * 0.45), int(steps * 0.4)):
        assert train(killed, step).returncode == -signal.SIGKILL
        assert not (killed / "history.tsv").exists()
    rest = train(killed)
    assert rest.returncode == 0, rest.stderr
    assert int(rest.stdout) < steps / 2
    pd.testing.assert_frame_equal(history(killed), history(undisturbed))
    for seed in (1, 2):
        one, other = (
            torch.load(folder / f"seed_{seed}/model.pt", weights_only=True)
            for folder in (killed, undisturbed)
        )
        assert one.keys() == other.keys()
        for key in one["weights"]:
            assert torch.equal(one["weights"][key], other["weights"][key])
    assert not list(killed.rglob(".*"))
