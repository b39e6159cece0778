"""A stand-in for conda: the calls that Snakemake makes, on channels that lie on this disk.

It solves with conda's own rules (py-rattler: strict channel priority, virtual packages and their
overrides), installs, indexes channels, and is asked by `python conda.py ROOT ARGUMENT …`. A channel's
name means a folder of `ROOT/channels`. What stands under `pip:` is taken from the channel `pypi`, in
the versions that it pins.
"""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

import rattler
import yaml
from channel import Pins
from rattler.index import index_fs

VERSION = "25.1.1"


def channels(root: Path, names: list[str]) -> list[rattler.Channel]:
    """Channels by their names; those that are not here are refused, as on a machine offline."""
    found = [root / "channels" / name for name in names if name != "nodefaults"]
    for folder in found:
        if not folder.is_dir():
            raise SystemExit(f"UnavailableInvalidChannel: {folder.name} is not at {folder}")
    return [rattler.Channel(folder.as_uri()) for folder in found]


async def create(root: Path, prefix: Path, names: list[str], specs: list[str], pip: list[str]):
    """Solve and install: conda's packages first, then what pip adds to them."""
    machine = rattler.VirtualPackage.detect(rattler.VirtualPackageOverrides.from_env())
    options = {
        "platforms": ["linux-64", "noarch"],
        "virtual_packages": machine,
        "channel_priority": rattler.ChannelPriority.Strict,
    }
    # as text, solve() refuses a build
    wanted = [rattler.MatchSpec(spec) for spec in specs]
    records = await rattler.solve(channels(root, names), wanted, **options)
    if pip:
        wanted += [rattler.MatchSpec(pin) for pin in pip]
        records = await rattler.solve(
            channels(root, [*names, "pypi"]), wanted, locked_packages=records, **options
        )
    await rattler.install(
        records, target_prefix=prefix, cache_dir=root / "pkgs", show_progress=False
    )


def main(root: Path, arguments: list[str]) -> None:
    """Do what one call asks for."""
    if arguments == ["--version"]:
        print(f"conda {VERSION}")
        return
    parser = argparse.ArgumentParser(prog="conda")
    parser.add_argument("words", nargs="*")
    for flag in ("--json", "--quiet", "--no-default-packages", "--get", "--tarballs", "-y"):
        parser.add_argument(flag, action="store_true")
    for option in ("--file", "--prefix", "--name"):
        parser.add_argument(option, f"-{option[2]}", type=Path)
    parser.add_argument("--channel", "-c", action="append", default=[])
    asked = parser.parse_intermixed_args(arguments)
    match asked.words:
        case ["info"]:
            print(json.dumps({"conda_prefix": str(root), "platform": "linux-64"}))
        case ["config", "channel_priority"]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["env", "create"]:
            names = yaml.safe_load(asked.file.read_text())["channels"]
            pins = Pins.read(asked.file)
            specs = ["=".join(filter(None, pin)) for pin in pins.conda.items()]
            pip = ["==".join(pin) for pin in pins.pip.items()]
            asyncio.run(create(root, asked.prefix, names, specs, pip))
        case ["create", *specs]:
            asyncio.run(create(root, root / "envs" / asked.name, asked.channel, specs, []))
        case ["index", *folders]:
            for folder in folders:
                asyncio.run(index_fs(folder, write_zst=False, write_shards=False))
        case ["clean"]:
            pass
        case _:
            raise SystemExit(f"the stand-in for conda knows no {' '.join(arguments)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
    sys.stdout.flush()
    # threads of py-rattler can outlive the interpreter, and then crash
    os._exit(0)
