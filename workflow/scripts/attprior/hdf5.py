"""Reading and writing of HDF5 files.

Nothing is locked: many file systems of clusters have no locks, and none is needed, as a file gets its
name when it is whole. The package's own file tells HDF5 so, for libraries that open files themselves.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from attprior.errors import InputError
from attprior.files import atomic_write

# h5py's own filters, so that any HDF5 program reads them
COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


class _Unfailing(io.FileIO):
    """A file that seems to take all that is written, and tells afterwards what it could not.

    Where HDF5 can't write what it still holds of a dataset that is closed, it ends the process by
    a segmentation fault.

    Attributes
    ----------
    error
        The first of a write; whatever came after it is not in the file.
    """

    error: OSError | None = None

    def write(self, data) -> int:
        """Write all of some bytes, as long as there is room."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left and not self.error:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.error = error
        return size


def open_hdf5(path: str | Path) -> h5py.File:
    """Open an HDF5 file to read it.

    Raises
    ------
    InputError
        If it is no HDF5, or damaged, or if the system does not let it be read.
    """
    try:
        return h5py.File(path, locking=False)
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: str | Path, error: OSError | KeyError) -> InputError:
    """Say why a file can't be read: the system's word, else the file is at fault."""
    if number := getattr(error, "errno", None):
        return InputError(f"{path}: cannot be read ({os.strerror(number)})")
    return InputError(f"{path}: no readable HDF5 ({error}); delete it and run again")


@contextmanager
def hdf5_aside(path: str | Path) -> Iterator[io.FileIO]:
    """Give a file for `h5py.File` to write, which gets its name if the block succeeds.

    Raises
    ------
    DiskFullError
        If there is no room for it.
    """
    with atomic_write(path) as temporary, _Unfailing(temporary, "w+") as file:
        try:
            yield file
        except Exception:
            if file.error:
                raise file.error from None
            raise
        if file.error:
            raise file.error
