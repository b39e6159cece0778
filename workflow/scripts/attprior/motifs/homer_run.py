"""HOMER's findMotifsGenome.pl, and whether it did what it was asked to.

It exits with 0 whatever happened to the programs that it calls, so each result is looked at. It
leaves files in the folder where it runs, so two runs must not share one: each has its own.
"""

import logging
import os
import shutil
import subprocess
from collections import deque
from pathlib import Path

from attprior.errors import InputError
from attprior.files import full_disk_named, room_watched, scratch
from attprior.motifs.homer import (
    DE_NOVO,
    KNOWN,
    TESTED,
    HomerMotif,
    read_homer_motifs,
    read_known_results,
    write_known_results,
)

log = logging.getLogger(__name__)

PROGRAM = "findMotifsGenome.pl"
LAST_LINES = 20
# notes where the real program fails, which HOMER does not
WATCH = """#!/bin/sh
"{program}" "$@"
status=$?
[ $status -eq 0 ] || echo "homer2 $1 ended with status $status" >> "{failures}"
exit $status
"""


def run_homer(
    peaks: str | Path,
    fasta: str | Path,
    folder: str | Path,
    length: int,
    size: int,
    threads: int = 1,
    background: str | Path | None = None,
    background_sequences: int | None = None,
    known_motifs: str | Path | None = None,
    motif_set: str | None = None,
) -> None:
    """Find motifs in peaks with HOMER, de novo and known.

    Parameters
    ----------
    peaks
        In HOMER's peak format; without any, there are no motifs.
    fasta
        Genome, uncompressed.
    folder
        For what HOMER writes, but its temporary files: it is there whole, or not at all. The known
        motifs that were tested are beside it as `TESTED`, and `KNOWN` is there in any case.
    length, size
        Of motifs, and of the windows around peaks, bp.
    background
        Positions in the same format; None for those that HOMER chooses.
    background_sequences
        Sequences, with those of peaks, where HOMER chooses the background; None for its default.
    known_motifs
        HOMER file of the known motifs to test; None for HOMER's own.
    motif_set
        Part of HOMER's own motifs: `vertebrates`, `yeast`, ….; None for all.

    Raises
    ------
    InputError
        If HOMER is not there, or if it or a program that it calls fails.
    DiskFullError
        If there was no room for a moment, as HOMER does not look whether it could write.
    """
    folder = Path(folder).absolute()
    with scratch(folder) as place, full_disk_named(folder):
        found = place / folder.name  # HOMER's name for its output is in its pages
        found.mkdir()
        if Path(peaks).stat().st_size:
            tested = Path(known_motifs) if known_motifs else own_motifs(motif_set)
            command = [program(PROGRAM), Path(peaks), Path(fasta), found]
            command += ["-len", length, "-size", size, "-p", threads]
            command += ["-preparsedDir", place / "preparsed"]
            for option, value in (
                ("-bg", Path(background) if background else None),
                ("-N", None if background else background_sequences),
                ("-mknown", tested),
                ("-mset", motif_set),
            ):
                command += [] if value is None else [option, value]
            command = [str(p.absolute() if isinstance(p, Path) else p) for p in command]
            with room_watched(folder):
                _run(command, place)
            if tested:
                shutil.copy(tested, found / TESTED)
        else:
            log.warning("%s: no peaks, so HOMER is not run and there are no motifs", peaks)
            (found / DE_NOVO).touch()
        check_results(found)
        for leftover in found.glob("*.tmp*"):
            leftover.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        found.rename(folder)


def program(name: str) -> Path:
    """Path of one of HOMER's programs.

    Raises
    ------
    InputError
        If it is not there.
    """
    path = shutil.which(name)
    if path is None:
        raise InputError(
            f"{name} is not there: run with --sdm conda, put HOMER on the PATH, or set config key "
            "'motifs/homer/enabled' to false"
        )
    return Path(path)


def own_motifs(motif_set: str | None) -> Path | None:
    """HOMER's own known motifs, which lie beside its programs; None where they do not."""
    data = program(PROGRAM).resolve().parents[1] / "data/knownTFs"
    path = data / (motif_set or "all") / "known.motifs"
    return path if path.is_file() else None


def _run(command: list[str], place: Path) -> None:
    failures = place / "failures"
    programs = place / "programs"
    programs.mkdir()
    watch = programs / "homer2"
    watch.write_text(WATCH.format(program=program("homer2"), failures=failures), encoding="utf-8")
    watch.chmod(0o755)
    log.info("%s", " ".join(command))
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command,
        cwd=place,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors="replace",
        encoding="utf-8",
    ) as process:
        for line in process.stdout:
            if line.strip():
                last.append(line.rstrip())
                log.info("%s", line.rstrip())
    if process.returncode or failures.exists():
        why = (
            failures.read_text(encoding="utf-8").strip()
            if failures.exists()
            else f"status {process.returncode}"
        )
        raise InputError(f"HOMER failed ({why}); its last lines:\n" + "\n".join(last))


def check_results(folder: Path) -> None:
    """Check that a run's motifs are there and whole.

    HOMER divides by the share of the background that has the most enriched known motif, and stops
    its test of known motifs where that is 0. What it was about to tabulate is then in a file that it
    leaves, and is taken from there; where there is none, a table without rows is written.

    Raises
    ------
    InputError
        If the motifs found de novo are missing or cut off, or the table of known ones is.
    """
    if not (folder / DE_NOVO).is_file():
        raise InputError(f"HOMER wrote no {DE_NOVO}, though it says that it succeeded; see its log")
    read_whole(folder / DE_NOVO)
    if not (folder / KNOWN).is_file():
        left = [motif for path in folder.glob("*.motif.tmp") for motif in read_whole(path)]
        log.warning(
            "HOMER wrote no %s; %s",
            KNOWN,
            "its results were taken from the file that it left when it divided by zero"
            if left
            else "there are no known motifs then. More background sequences may help "
            "(config key 'motifs/homer/background_sequences')",
        )
        write_known_results(folder / KNOWN, left)
    read_known_results(folder / KNOWN)


def read_whole(path: Path) -> list[HomerMotif]:
    """Motifs of a file that HOMER wrote, each as long as its consensus.

    Raises
    ------
    InputError
        If the last one is not whole.
    """
    motifs = read_homer_motifs(path)
    for motif in motifs:
        if motif.frequencies.shape[1] != len(motif.consensus):
            raise InputError(f"HOMER's {path.name} is cut off in motif {motif.name}; run again")
    return motifs
