"""A page of two loci, of two arms and made-up files."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pybigtools
import pysam
from attprior.browser.page import comparison_tracks, write_page
from attprior.locus import Locus

SIZES = {"chr1": 4000, "chr2": 3000}
ARMS = ("without_prior", "with_prior")
LOCI = [Locus("chr1", 1000, 1300), Locus("chr2", 500, 800)]


def write_bigwig(path: Path, rows: list[tuple[str, int, int, float]]) -> str:
    """Write rows in order as a bigWig."""
    pybigtools.open(str(path), "w").write(SIZES, iter(rows))
    return str(path)


def write_fasta(path: Path) -> str:
    """Write a random genome, and its index."""
    rng = np.random.default_rng(0)
    sequences = (f">{name}\n{''.join(rng.choice(list('ACGT'), n))}\n" for name, n in SIZES.items())
    path.write_text("".join(sequences), encoding="utf-8")
    pysam.faidx(str(path))
    return str(path)


@dataclass
class Made:
    """Files of a comparison, whose values at each locus are known."""

    folder: Path
    tasks: list[str] = field(default_factory=lambda: ["EXP1"])
    profiles: bool = True  # whether the models predict any

    def signal(self, name: str, height: float) -> str:
        """A bigWig with one value in the middle of each locus."""
        rows = [(x.chrom, x.start + 100, x.start + 200, height) for x in LOCI]
        return write_bigwig(self.folder / f"{name}.bw", [*rows, ("chr2", 2000, 2100, 99.0)])

    def bed(self, name: str) -> str:
        """A BED with a row at each locus, and one elsewhere."""
        rows = [(x.chrom, x.start + 140, x.start + 152, "SPI1", 7.5, "-") for x in LOCI]
        rows.append(("chr2", 2000, 2012, "elsewhere", 1, "+"))
        path = self.folder / f"{name}.bed"
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
        return str(path)

    def peaks(self, name: str) -> str:
        """A narrowPeak with a peak at each locus."""
        rows = [(x.chrom, x.start + 50, x.start + 250, ".", 9, ".", 1, 2, -1, 96) for x in LOCI]
        path = self.folder / f"{name}.narrowPeak"
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
        return str(path)

    def tracks(self, loci: list[Locus] = LOCI):
        """All tracks that a comparison can have."""
        strands = [("plus", 5.0), ("minus", 3.0)]
        return comparison_tracks(
            loci,
            ARMS,
            {task: self.peaks(task) for task in self.tasks},
            {task: [self.signal(f"{task}.{n}", h) for n, h in strands] for task in self.tasks},
            {
                (arm, task): [
                    self.signal(f"{arm}.{task}.{n}", h / 2) for n, h in strands if self.profiles
                ]
                for arm in ARMS
                for task in self.tasks
            },
            {arm: self.signal(f"{arm}.contributions", 0.25) for arm in ARMS},
            {
                kind: {arm: self.bed(f"{arm}.{kind}") for arm in ARMS}
                for kind in ("Hits", "Seqlets", "Sequence sites")
            },
            self.bed("known"),
        )

    def page(self, loci: list[Locus] = LOCI, title: str = "SPI1, model profile") -> Path:
        """Write the page."""
        path = self.folder / "browser.html"
        fasta = write_fasta(self.folder / "genome.fa")
        zooms = [Locus(x.chrom, x.start + 100, x.start + 200) for x in loci]
        write_page(path, fasta, title, ARMS, loci, zooms, self.tracks(loci))
        return path
