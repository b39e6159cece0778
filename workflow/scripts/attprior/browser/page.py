"""A page of a comparison's loci with igv.js, whole in one file: what a browser shows offline."""

import html
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from attprior.browser.slices import bed_rows, peak_rows, signal_rows
from attprior.files import atomic_write
from attprior.genome import read_chrom_sizes
from attprior.locus import Locus, parse_locus
from attprior.plotting.style import GREY, arm_colours, label

log = logging.getLogger(__name__)

# with igv-reports' placeholders, and ours: TITLE, ARMS, IGV_JS, each between two @
TEMPLATE = Path(__file__).with_name("page.html")
# igv-reports, but for the time in what it compresses: the same page in each run
IGV_REPORTS = """
import functools, gzip, runpy
gzip.compress = functools.partial(gzip.compress, mtime=0)
runpy.run_module("igv_reports.report", run_name="__main__")
"""
# igv-reports has the page load igv.js from a server; this package brings the same file along
IGV_PACKAGE, IGV_FILE = "igv-notebook", "igv_notebook/js/igv.iife.js"
SIGNAL_HEIGHT, FEATURE_HEIGHT = 70, 42  # pixels


class Track(NamedTuple):
    """A track of the page."""

    name: str
    rows: Iterable[str]  # bedGraph or BED, at the loci
    settings: dict  # of igv.js

    @property
    def suffix(self) -> str:
        """Of a file that holds the rows, by which igv-reports knows them."""
        return ".bedgraph" if self.settings["type"] == "wig" else ".bed"


def signal(name: str, rows: Iterable[str], colour: str, group: str) -> Track:
    """A track of values; all of a group are drawn on one scale."""
    return Track(
        name,
        rows,
        {
            "type": "wig",
            "format": "bedgraph",
            "color": colour,
            "altColor": colour,
            "autoscaleGroup": group,
            "height": SIGNAL_HEIGHT,
            # igv.js would add up the strands where bases are narrower than pixels
            "windowFunction": "none",
        },
    )


def features(name: str, rows: Iterable[str], colour: str | None = None) -> Track:
    """A track of stretches with names; without a colour, in those of the rows."""
    settings = {"type": "annotation", "format": "bed", "displayMode": "EXPANDED"}
    settings |= {"height": FEATURE_HEIGHT, "autoHeight": True, "maxHeight": 3 * FEATURE_HEIGHT}
    return Track(name, rows, settings | ({"color": colour} if colour else {}))


def page_loci(given: Sequence[str], table: str | Path, index: str | Path) -> list[Locus]:
    """Loci that the page shows: those that a user lists, else those of the figure of example loci.

    Parameters
    ----------
    given
        Loci as genome browsers write them.
    table
        As `attprior.analyses.loci.tables.loci_table` makes it; read if no loci are given.
    index
        Of the genome's FASTA file, or its chromosome sizes.

    Raises
    ------
    InputError
        If a given locus is none, or not in the genome.
    """
    if given:
        sizes = read_chrom_sizes(index)
        return [parse_locus(text, sizes) for text in given]
    loci = []
    for text in pd.read_csv(table, sep="\t", usecols=["locus"]).locus.unique():
        chrom, _, span = text.rpartition(":")
        loci.append(Locus(chrom, *map(int, span.split("-"))))
    return loci


def shared_out(paths: Sequence[str], owners: Sequence, numbers: Sequence[int]) -> dict:
    """Give each owner its number of paths, in order; none to anyone where there are none at all."""
    left = iter(paths)
    parts = [[next(left) for _ in range(number)] for number in numbers if paths]
    return dict(zip(owners, parts or [[]] * len(owners), strict=True))


def comparison_tracks(
    loci: Sequence[Locus],
    arms: Sequence[str],
    peaks: Mapping[str, str],
    observed: Mapping[str, Sequence[str]],
    predicted: Mapping[tuple[str, str], Sequence[str]],
    contributions: Mapping[str, str],
    motifs: Mapping[str, Mapping[str, str]],
    known: str | None = None,
) -> list[Track]:
    """Tracks of a comparison, from above: what is known, profiles, contributions, motifs.

    Parameters
    ----------
    arms
        The two arms.
    peaks, observed
        Of each task: narrowPeak, and bigWigs of its strands.
    predicted
        Of each arm and task: bigWigs of its strands; none where the model predicts no profiles.
    contributions
        Of each arm: bigWig.
    motifs
        By what is shown and arm: BED.
    known
        BED of the sites that are known, if any are.
    """
    colours, shown = arm_colours(arms), {arm: label(arm, 99) for arm in arms}
    tracks = [features("Known sites", bed_rows(known, loci), "#000000")] if known else []
    for task, path in peaks.items():
        of_task = f" {task}" if len(peaks) > 1 else ""
        tracks.append(features(f"Peaks, summits{of_task}", peak_rows(path, loci)))
        tracks.append(signal(f"Observed{of_task}", signal_rows(observed[task], loci), GREY, task))
        for arm in arms:
            if predicted[arm, task]:
                rows = signal_rows(predicted[arm, task], loci)
                tracks.append(signal(f"Predicted {shown[arm]}{of_task}", rows, colours[arm], task))
    for arm in arms:
        rows = signal_rows([contributions[arm]], loci)
        tracks.append(signal(f"Contributions {shown[arm]}", rows, colours[arm], "contributions"))
    for kind, paths in motifs.items():
        for arm in arms:
            rows = bed_rows(paths[arm], loci)
            tracks.append(features(f"{kind} {shown[arm]}", rows, colours[arm]))
    return tracks


def igv_js() -> Path:
    """Where igv.js lies in this installation."""
    return Path(distribution(IGV_PACKAGE).locate_file(IGV_FILE))


def write_page(
    output: str | Path,
    fasta: str | Path,
    title: str,
    arms: Sequence[str],
    loci: Sequence[Locus],
    zooms: Sequence[Locus],
    tracks: Sequence[Track],
) -> None:
    """Write the page by igv-reports, with igv.js and the loci's parts of all files inside.

    Parameters
    ----------
    fasta
        The genome, indexed.
    zooms
        The stretch of each locus that is shown when zoomed in.
    """
    arms_shown = "".join(
        f'<span class="arm" style="--colour: {colour}">{html.escape(label(arm, 99))}</span>'
        for arm, colour in arm_colours(arms).items()
    )
    texts = {"TITLE": html.escape(title), "ARMS": arms_shown, "IGV_JS": igv_js().as_uri()}
    with tempfile.TemporaryDirectory() as folder, atomic_write(output) as temporary:
        page = TEMPLATE.read_text(encoding="utf-8")
        for name, text in texts.items():
            page = page.replace(f"@{name}@", text)
        place = Path(folder)
        (place / "page.html").write_text(page, encoding="utf-8")
        (place / "loci.bed").write_text(
            "".join(
                f"{locus.chrom}\t{locus.start}\t{locus.end}\t{zoom}\n"
                for locus, zoom in zip(loci, zooms, strict=True)
            ),
            encoding="utf-8",
        )
        settings = []
        for number, track in enumerate(tracks):
            path = place / f"{number}{track.suffix}"
            path.write_text("".join(track.rows), encoding="utf-8")
            settings.append({"name": track.name, "url": str(path), **track.settings})
        (place / "tracks.json").write_text(json.dumps(settings), encoding="utf-8")
        command = [sys.executable, "-X", "utf8", "-c", IGV_REPORTS, place / "loci.bed"]
        command += ["--fasta", fasta, "--track-config", place / "tracks.json", "--standalone"]
        command += ["--template", place / "page.html", "--flanking", "0", "--output", temporary]
        done = subprocess.run(
            list(map(str, command)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        log.info("igv-reports: %s", done.stdout.strip())
        done.check_returncode()
    size = Path(output).stat().st_size / 1e6
    log.info("%d loci, %d tracks, %.1f MB", len(loci), len(tracks), size)
