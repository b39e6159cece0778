"""Whether a machine and a configuration are ready for a run: one table, in seconds."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from attprior.errors import InputError
from attprior.training import DRIVER

OK, WARNING, ERROR = "ok", "warning", "error"
SECONDS = 5  # that a server has to answer
SPARE = 10  # GB of results and temporary files beside what is downloaded
TIMES = 3  # disk that a downloaded file takes, with what is made of it


class Line(NamedTuple):
    """What was looked at, its state, what was found, and what to do."""

    what: str
    state: str
    found: str
    advice: str = ""


def gpu(device: str, elsewhere: bool) -> Line:
    """Whether training has the device that the config asks for.

    Parameters
    ----------
    device
        Config key ``training/device``.
    elsewhere
        Whether jobs run on other machines or in environments of their own.
    """
    if elsewhere:
        return Line("GPU", OK, f"device {device}; each job looks for it where it runs")
    if device == "cpu" or (device == "auto" and not DRIVER.exists()):
        advice = "" if device == "cpu" else "real data take days without a GPU"
        return Line("GPU", OK if device == "cpu" else WARNING, "none is used", advice)
    import torch

    from attprior.training.device import choose_device

    try:
        choose_device(device)
    except InputError as error:
        return Line("GPU", ERROR, "none that torch sees", str(error))
    return Line("GPU", OK, f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}")


def memory(most: int, elsewhere: bool) -> Line:
    """Whether the machine has the memory (MB) that the largest job asks for."""
    if elsewhere:
        return Line("memory", OK, f"jobs ask for up to {most / 1000:g} GB")
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6
    found = f"{here / 1000:.0f} GB; the largest job asks for {most / 1000:g} GB"
    advice = "small data do with less; set resources mem_mb in the profile to run jobs in turn"
    return Line("memory", OK, found) if here >= most else Line("memory", WARNING, found, advice)


def disk(folder: str | Path, download: float) -> Line:
    """Whether the disk of a folder has room for files to come (bytes) and what is made of them."""
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    free, wanted = shutil.disk_usage(place).free / 1e9, TIMES * download / 1e9 + SPARE
    found = f"{free:.0f} GB free at {place}; about {wanted:.0f} GB are needed"
    if not os.access(place, os.W_OK):
        return Line(
            "disk", ERROR, f"{place} can't be written", "set pathvars/results or /resources"
        )
    advice = "make room, or set pathvars/results and pathvars/resources"
    return Line("disk", OK, found) if free >= wanted else Line("disk", WARNING, found, advice)


def programs(wanted: Iterable[tuple[str, str, str]]) -> list[Line]:
    """Which of some programs are here: name, what needs it, and what to do without it."""
    return [
        Line(name, OK, path) if (path := shutil.which(name)) else Line(name, ERROR, why, advice)
        for name, why, advice in wanted
    ]


def portal(url: str) -> Line:
    """Whether a server answers."""
    import requests

    try:
        answer = requests.get(url, timeout=SECONDS, stream=True)
        answer.close()
    except requests.RequestException as error:
        advice = "run where there is a network, or give a kept manifest and local files"
        return Line("portal", ERROR, f"{url}: {type(error).__name__}", advice)
    return Line("portal", OK, f"{url} answers")


def partitions(names: Sequence[str]) -> Line:
    """Whether Slurm has the partitions that a profile names."""
    command = ["sinfo", "--noheader", "--format=%R"]
    try:
        run = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return Line(
            "Slurm", ERROR, f"sinfo fails: {error}", "start from a node that can submit jobs"
        )
    there = set(run.stdout.split())
    if missing := [name for name in dict.fromkeys(names) if name not in there]:
        found = f"no partition {', '.join(missing)}; there is {', '.join(sorted(there))}"
        return Line("Slurm", ERROR, found, "change the lines marked EDIT in the profile")
    return Line("Slurm", OK, f"partitions {', '.join(dict.fromkeys(names))}")


def as_text(lines: Sequence[Line]) -> str:
    """Lines as a table, with advice below what is not in order."""
    width = max(len(line.what) for line in lines)
    text = []
    for line in lines:
        text.append(f"{line.what:<{width}}  {line.state:<7}  {line.found}")
        text += [f"{'':<{width}}           -> {line.advice}"] if line.advice else []
    return "\n".join(text)


def check(lines: Sequence[Line]) -> None:
    """Print a table of lines.

    Raises
    ------
    InputError
        If one of them is an error.
    """
    print(as_text(lines), flush=True)
    if wrong := [line.what for line in lines if line.state == ERROR]:
        raise InputError(f"not ready for a run: {', '.join(wrong)}; see the table above")
