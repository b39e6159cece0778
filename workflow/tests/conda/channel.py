"""Small conda channels of what is installed here.

Every Python package of the environment that runs the tests becomes a conda package that needs what
its metadata says and installs links to its files. An environment made of them is one of its own: its
Python finds only what was solved for it. So rules run in real environments, without a network and
without a second copy of anything.
"""

import io
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

import yaml
from packaging.requirements import Requirement

# where a package believes to be installed; conda puts the real path in its place
PREFIX = "/opt/" + "_placeholder" * 8
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


@dataclass
class Package:
    """What a conda package holds: texts that are programs, and links to files that are here."""

    name: str
    version: str
    depends: list[str] = field(default_factory=list)
    links: dict[str, Path] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    build: str = "0"
    build_number: int = 0

    def write(self, channel: Path) -> None:
        """Add it to a channel."""
        paths, members = [], []
        for path, target in self.links.items():
            paths.append({"_path": path, "path_type": "softlink"})
            members.append((path, target, 0o777))
        for path, text in (self.programs | self.texts).items():
            entry = {"_path": path, "path_type": "hardlink"}
            if PREFIX in text:
                entry |= {"file_mode": "text", "prefix_placeholder": PREFIX}
            paths.append(entry)
            members.append((path, text, 0o755 if path in self.programs else 0o644))
        index = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.build_number,
            "depends": self.depends,
            "subdir": "noarch",
            "noarch": "generic",
        }
        members.append(("info/index.json", json.dumps(index), 0o644))
        members.append(("info/paths.json", json.dumps({"paths": paths, "paths_version": 1}), 0o644))
        folder = channel / "noarch"
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / f"{self.name}-{self.version}-{self.build}.tar.bz2"
        with tarfile.open(archive, "w:bz2", compresslevel=1) as tar:
            for path, content, mode in members:
                info = tarfile.TarInfo(path)
                info.mode = mode
                if isinstance(content, Path):
                    info.type, info.linkname = tarfile.SYMTYPE, str(content)
                    tar.addfile(info)
                else:
                    data = content.encode()
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))


def conda_name(name: str) -> str:
    """Name on conda-forge or bioconda of a Python package."""
    name = re.sub(r"[-_.]+", "-", name).lower()
    return NAMES.get(name, name)


@dataclass(frozen=True)
class Pins:
    """Packages of an environment file, by their names on conda, and the versions asked for."""

    conda: dict[str, str]
    pip: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> "Pins":
        """Read them; what is asked for without a version has an empty one."""
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))["dependencies"]
        conda = [entry.partition("=") for entry in entries if isinstance(entry, str)]
        pip = [
            pin.partition("==")
            for entry in entries
            if isinstance(entry, dict)
            for pin in entry["pip"]
        ]
        return cls(
            {name: version for name, _, version in conda},
            {conda_name(name): version for name, _, version in pip},
        )


def python() -> Package:
    """The interpreter that runs the tests, as a package: an environment of it is a venv of its own."""
    real = Path(sys._base_executable).resolve()
    return Package(
        "python",
        ".".join(map(str, sys.version_info[:3])),
        links={f"bin/{name}": real for name in ("python", "python3")},
        texts={"pyvenv.cfg": f"home = {real.parent}\ninclude-system-site-packages = false\n"},
    )


def python_packages() -> list[Package]:
    """All Python packages that are installed here."""
    site = Path(sysconfig.get_path("purelib"))
    found = {d.metadata["Name"]: d for d in distributions(path=[str(site)])}
    tops = Counter(top for d in found.values() for top in {f.parts[0] for f in d.files or ()})
    return [_package(d, site, tops, set(map(conda_name, found))) for d in found.values()]


def _package(distribution: Distribution, site: Path, tops: Counter, known: set[str]) -> Package:
    package = Package(
        conda_name(distribution.metadata["Name"]), distribution.version.partition("+")[0]
    )
    for file in distribution.files or ():
        if file.parts[0] == "..":
            if file.parent.name == "bin":
                package.programs |= _program(site, file.name)
        elif file.parts[0] != "__pycache__":
            # folders that packages share are linked one level down
            depth = 2 if tops[file.parts[0]] > 1 else 1
            path = Path(*file.parts[:depth])
            package.links[f"{SITE}/{path}"] = site / path
    needed = {"python"}
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed.add(conda_name(requirement.name))
    package.depends = sorted(needed & (known | {"python"}))
    return package


def _program(site: Path, name: str) -> dict[str, str]:
    path = Path(sysconfig.get_path("scripts")) / name
    data = path.read_bytes() if path.is_file() else b""
    if not re.match(rb"#!.*python", data):
        return {}
    return {f"bin/{name}": f"#!{PREFIX}/bin/python\n" + data.decode().partition("\n")[2]}


def write_channels(folder: Path, files: list[Path], others: list[Package]) -> None:
    """Write the channels that environment files name, and `pypi` for what is under their `pip:`.

    Parameters
    ----------
    folder
        Gets a folder for each channel.
    files
        Environment files.
    others
        Packages of bioconda that hold no Python.
    """
    pins = [Pins.read(file) for file in files]
    on_conda = {name for read in pins for name in read.conda}
    on_pypi = {name for read in pins for name in read.pip}
    python().write(folder / "conda-forge")
    for package in python_packages():
        if package.name == "pytorch":
            package.build = "cpu_0"
        if package.name not in on_pypi - on_conda:
            package.write(folder / "conda-forge")
        if package.name in on_pypi:
            package.write(folder / "pypi")
        if package.name == "pytorch":
            # as on conda-forge: preferred, and only for machines with a driver
            package.build, package.build_number = "cuda128_0", 200
            package.depends.append("__cuda")
            package.write(folder / "conda-forge")
    for package in others:
        package.write(folder / "bioconda")


def install(root: Path, files: list[Path], others: list[Package], rattler: Path) -> Path:
    """Make the channels in a folder, and a `conda` beside them, whose path is given.

    Parameters
    ----------
    rattler
        Folder in which the stand-in for conda finds py-rattler.
    """
    write_channels(root / "channels", files, others)
    programs = root / "bin"
    programs.mkdir()
    conda = programs / "conda"
    conda.write_text(
        f'#!/bin/sh\nPYTHONPATH="{rattler}" exec "{sys.executable}" '
        f'"{Path(__file__).with_name("conda.py")}" "{root}" "$@"\n'
    )
    conda.chmod(0o755)
    (programs / "activate").write_text('export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n')
    folders = sorted((root / "channels").iterdir())
    for folder in folders:
        (folder / "linux-64").mkdir()
    subprocess.run([conda, "index", *folders], check=True)
    return conda


def system_program(name: str, version: str) -> Package:
    """A program of this machine, as a package of its own."""
    return Package(name, version, links={f"bin/{name}": Path(shutil.which(name)).resolve()})
