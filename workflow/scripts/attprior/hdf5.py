"""Writing of HDF5 files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attprior.files import aside


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


@contextmanager
def hdf5_aside(path: str | Path) -> Iterator[io.FileIO]:
    """Give a file for `h5py.File` to write, which gets its name if the block succeeds.

    Raises
    ------
    DiskFullError
        If there is no room for it.
    """
    with aside(path) as temporary, _Unfailing(temporary, "w+") as file:
        try:
            yield file
        except Exception:
            if file.error:
                raise file.error from None
            raise
        if file.error:
            raise file.error
