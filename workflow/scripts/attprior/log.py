"""Logging of a job: to its log file and to the terminal alike."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attprior.errors import InputError


@contextmanager
def logged(path: str | Path) -> Iterator[None]:
    """Send log records, warnings and errors of the block to a file and to stderr.

    An `InputError` is a message to the user, so it is shown without a traceback; whatever else
    is raised is logged whole. Either way the process ends with status 1.

    Parameters
    ----------
    path
        Log file, written anew.

    Raises
    ------
    SystemExit
        If the block raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    to_file, to_terminal = logging.FileHandler(path, mode="w"), logging.StreamHandler(sys.stderr)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=[to_file, to_terminal],
        force=True,
    )
    logging.captureWarnings(True)
    log, start = logging.getLogger("attprior"), time.monotonic()
    try:
        yield
    except InputError as error:
        log.error("\nError: %s\n", error)
        raise SystemExit(1) from None
    except Exception:
        log.exception("The job failed")
        raise SystemExit(1) from None
    log.info("done in %.1f s", time.monotonic() - start)
