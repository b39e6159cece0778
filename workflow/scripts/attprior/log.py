"""Logging of a job: all to its log file, warnings and errors to the terminal too."""

import logging
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from attprior.errors import DiskFullError, InputError
from attprior.files import tells_full


@contextmanager
def logged(path: str | Path) -> Iterator[None]:
    """Send log records of the block to a file, and its warnings and errors to stderr too.

    An `InputError` and a full disk are messages to the user, shown without a traceback; whatever
    else is raised is logged whole. Either way the process ends with status 1. Asked to end by
    SIGTERM, it removes its temporary files first.

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
    to_file, to_terminal = (
        logging.FileHandler(path, "w", encoding="utf-8", errors="backslashreplace"),
        logging.StreamHandler(sys.stderr),
    )
    to_terminal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=[to_file, to_terminal],
        force=True,
    )
    logging.captureWarnings(True)
    log, start = logging.getLogger("attprior"), time.monotonic()
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    except (InputError, DiskFullError) as error:
        log.error("\nError: %s\n", error)
        raise SystemExit(1) from None
    except Exception as error:
        if tells_full(error):  # of what is not written atomically
            log.error(
                "\nError: the disk is full (%s). Make room, also for temporary files in %s, and run "
                "again.\n",
                *(error, tempfile.gettempdir()),
            )
        else:
            log.exception("The job failed")
        raise SystemExit(1) from None
    finally:
        signal.signal(signal.SIGTERM, before)
    log.info("done in %.1f s", time.monotonic() - start)


def _leave(number: int, frame: FrameType | None) -> None:
    """End a process as a signal asks, through all blocks that clean up."""
    raise SystemExit(128 + number)
