"""Tomtom and FIMO, compiled by one job of a machine.

numba compiles them for a minute when they are first used, and keeps the code on disk, beside the
package or in the home, for all jobs and runs. Jobs that begin at the same time would each compile it.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from attprior.locks import one_at_a_time

FLAT = np.full((4, 4), 0.25)
ENOUGH = 25  # motifs that make a background of Tomtom by themselves


@cache
def load_tomtom() -> Callable:
    """Import memelite's Tomtom, compiled for motifs (4, W) of float64."""
    from memelite import tomtom

    with one_at_a_time("compiles"):
        tomtom([FLAT], [FLAT] * ENOUGH)
    return tomtom


@cache
def load_fimo() -> Callable:
    """Import memelite's FIMO, compiled for motifs (4, P) of float64 and sequences (N, 4, W) of int8."""
    from memelite import fimo

    with one_at_a_time("compiles"):
        fimo({"flat": FLAT}, np.eye(4, dtype=np.int8)[None])
    return fimo
