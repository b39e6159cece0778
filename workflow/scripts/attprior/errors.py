"""The one error that a user's input can cause."""


class InputError(Exception):
    """Something the user gave is wrong.

    The message names the file, the row or key, what was found, and what to do.
    """
