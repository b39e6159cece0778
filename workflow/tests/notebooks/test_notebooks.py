"""The notebooks run from a clean kernel, and what they ship is what they compute."""

import os
import re
import resource
import shutil

import pytest
from in_keras import NEEDED, WORKFLOW

NOTEBOOKS = WORKFLOW / "notebooks"
NAMES = ("fourier_prior_pytorch", "fourier_prior_keras")
SECONDS = 300  # of a run's CPU time: what else the machine does is not the notebook's fault
MEGABYTES = 1.5


def read(name):
    nbformat = pytest.importorskip("nbformat", reason=f"nbformat is {NEEDED}")
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def shown(notebook, kind):
    """What cells show of a kind, such as `image/png`, in order."""
    found = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    return [o["data"] for o in found if kind in o.get("data", {})]


def printed(notebook):
    """All that was printed."""
    found = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    return "".join(o["text"] for o in found if o["output_type"] == "stream")


def numbers(table):
    """Columns of numbers of a table that a notebook shows, by name."""
    header, *rows = table["text/html"].split("<tr")[1:]
    names = filter(None, re.findall(r"<th>(.*?)</th>", header))
    rows = [list(map(float, re.findall(r"<td>(.*?)</td>", row))) for row in rows]
    return dict(zip(names, zip(*filter(None, rows), strict=True), strict=True))


def cpu_of_children():
    """CPU time (s) of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module", params=NAMES)
def executed(request, tmp_path_factory):
    """A notebook run in a copy, in a kernel of its own; and the CPU time it took (s)."""
    needed = ["nbclient", *(["keras", "tensorflow"] if "keras" in request.param else [])]
    for package in needed:
        pytest.importorskip(package, reason=f"{package} is {NEEDED}")
    from nbclient import NotebookClient

    copy = tmp_path_factory.mktemp("notebooks") / "workflow"
    ignore = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for name in ("notebooks", "scripts"):
        shutil.copytree(WORKFLOW / name, copy / name, ignore=ignore)
    notebook = read(request.param)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    before = cpu_of_children()
    place = {"metadata": {"path": str(copy / "notebooks")}}
    NotebookClient(notebook, timeout=1200, kernel_name="python3", resources=place).execute()
    return request.param, notebook, cpu_of_children() - before


def test_it_runs_in_the_time_it_says(executed):
    _, notebook, seconds = executed
    kinds = [o["output_type"] for cell in notebook.cells for o in cell.get("outputs", [])]
    assert "error" not in kinds
    assert seconds < SECONDS


def test_models_predict_and_attributions_lie_in_sites(executed):
    _, notebook, _ = executed
    performance, scores = map(numbers, shown(notebook, "text/html"))
    assert min(performance["auROC"] + performance["auPRC"]) > 0.65
    (chance,) = re.findall(r"chance: (\d\.\d+)", printed(notebook))
    # three kinds of attribution in two arms
    assert len(scores["share in sites"]) == 6
    assert min(scores["share in sites"]) > float(chance)


def test_figures_are_drawn(executed):
    _, notebook, _ = executed
    # losses, two loci, spectra
    assert len(shown(notebook, "image/png")) == 4


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shipped_was_run_in_one_pass(name):
    notebook = read(name)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert len(shown(notebook, "image/png")) == 4
    assert not [o for cell in cells for o in cell.outputs if o.get("name") == "stderr"]
    assert os.path.getsize(NOTEBOOKS / f"{name}.ipynb") < MEGABYTES * 1e6


@pytest.mark.parametrize("name", NAMES)
def test_shipped_outputs_hold_no_place_of_the_machine(name):
    text = (NOTEBOOKS / f"{name}.ipynb").read_text()
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)
