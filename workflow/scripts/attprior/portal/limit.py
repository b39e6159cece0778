"""At most so many requests a second, counted over all processes of a user on a machine."""

import fcntl
import os
import time
from pathlib import Path
from time import sleep

from attprior.errors import InputError
from attprior.locks import open_own, own_file

MARGIN = 1.05  # requests may arrive closer together than they leave


def place() -> Path:
    """File that holds when the last request left."""
    return own_file("last-request")


def wait_turn(per_second: float) -> None:
    """Wait until the next request may leave.

    Who has the lock waits, so turns are evenly spaced. A process that is killed meanwhile loses
    the lock with its life, and its turn goes to the next.

    Parameters
    ----------
    per_second
        Most requests a second.

    Raises
    ------
    InputError
        Where files can't be locked.
    """
    opened = open_own(place())
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
        except OSError as error:
            raise InputError(
                f"{place()}: files can't be locked there ({error.strerror}), by which requests to the "
                "portal wait for each other. Set TMPDIR to a folder on a disk of this machine."
            ) from None
        waited = time.monotonic() - _last(opened)
        if 0 <= waited < MARGIN / per_second:  # a stamp from the future is of an earlier boot
            sleep(MARGIN / per_second - waited)
        os.pwrite(opened, f"{time.monotonic():20.6f}".encode(), 0)
    finally:
        os.close(opened)  # and unlocks


def _last(opened: int) -> float:
    """When the last request left, in seconds of the machine's monotonic clock."""
    try:
        return float(os.pread(opened, 20, 0))
    except ValueError:  # new
        return float("-inf")
