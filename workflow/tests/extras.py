"""Python packages that some tests need beside those of the lock, kept apart from them."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def installed(requirements: Path, cache: pytest.Cache) -> Path:
    """Folder with the packages that a file pins, all that they need included; made once.

    Without a network the test is skipped, but not in CI.
    """
    key = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = cache.mkdir("extras") / key
    if not folder.exists():
        unfinished = folder.with_suffix(f".{os.getpid()}")
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
        command += ["--no-deps", "--target", unfinished, "--requirement", requirements]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            give_up = pytest.fail if os.environ.get("CI") else pytest.skip
            give_up(f"pip could not install {requirements}: {done.stderr.strip()[-300:]}")
        unfinished.rename(folder)
    return folder
