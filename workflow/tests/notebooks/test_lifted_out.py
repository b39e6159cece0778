"""The files of the prior can be copied alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
USE_TORCH = """
import torch, priors
x = torch.randn(2, 4, 50, requires_grad=True)
priors.fourier_losses(x, freq_limit=8).sum().backward()
assert x.grad.abs().sum() > 0
loaded = {name.partition(".")[0] for name in __import__("sys").modules}
assert not loaded & {"attprior", "jaxtyping", "tangermeme", "pandas"}, loaded
"""


def imported(path):
    """Packages that a file imports, the standard library's left out."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


@pytest.mark.parametrize(
    ("name", "packages"),
    [("priors.py", {"torch"}), ("priors_keras.py", {"keras", "tensorflow", "torch", "jax"})],
)
def test_file_needs_its_framework_alone(name, packages):
    assert imported(SCRIPTS / "attprior" / name) == packages


def test_torch_prior_works_from_a_copy(tmp_path):
    (tmp_path / "priors.py").write_text((SCRIPTS / "attprior/priors.py").read_text())
    done = subprocess.run(
        [sys.executable, "-c", USE_TORCH], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
