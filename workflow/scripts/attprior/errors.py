"""Errors that a job tells its user in a message, without a traceback."""


class InputError(Exception):
    """Something the user gave is wrong.

    The message names the file, the row or key, what was found, and what to do.
    """


class DiskFullError(Exception):
    """There is no room for a file.

    No `InputError`, as the same input does well once there is room.
    """
