"""Files that config, sheet and kept manifest name: where rules find them, and what is wrong with them."""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from attprior.assays import file_format, is_shifted, is_url
from attprior.errors import InputError
from attprior.files import identity
from attprior.motifs.formats import check_format
from attprior.outputs import Output, Outputs, texts
from attprior.portal import web
from attprior.project import Project
from attprior.sheet import CALLED, split_paths
from attprior.text import is_gzip

# by name, where the config gives no FASTA file
GENOMES = {
    name: f"https://hgdownload.soe.ucsc.edu/goldenPath/{name}/bigZips/{name}.fa.gz"
    for name in ("hg19", "hg38", "mm10")
}
MATRIX = re.compile(r"MA\d{4}\.\d+")  # of JASPAR
ROLES = ("alignments", "peaks", "relaxed_peaks")
# as many bytes of FASTA are indexed while planning
SMALL_GENOME = 100_000_000
# files of so many are looked at while planning, which takes a second or so each
MOST_EXPERIMENTS = 50


class Given:
    """Files that a project names.

    Parameters
    ----------
    project
        Its configuration and sheet.
    apply
        Puts folders in the place of names such as ``<results>``.
    kept
        The manifest that a user keeps, if any.
    """

    def __init__(
        self, project: Project, apply: Callable[[str], str], kept: pd.DataFrame | None = None
    ) -> None:
        self.project, self.apply, self.kept = project, apply, kept
        config = self.config = project.config
        # the portal's files of the experiments whose rows are kept
        self.resolved = {
            name: rows
            for name, rows in ([] if kept is None else kept.groupby("experiment"))
            if name not in config["refresh"]
        }
        genome = config["genome"]
        self.references = {
            "fasta": genome["fasta"] or GENOMES.get(genome["name"]),
            "blacklist": genome["blacklist"],
        }
        self.genome = apply(f"<resources>/genome/{genome['name']}")
        # a genome that stands where it belongs is used as it is
        fasta = self.references["fasta"]
        self.in_place = bool(fasta) and identity(f"{self.genome}.fa") == identity(apply(fasta))
        # paths by which the rules know them
        self.reference_files = {
            kind: f"{self.genome}.{kind}.download" if place and is_url(place) else place or []
            for kind, place in self.references.items()
        } | ({"fasta": f"{self.genome}.fa"} if self.in_place else {})
        # data whose truth is known
        self.simulated = list(config.get("simulate", {}).get("motifs", {}))
        self.planted = "plant" in config
        motif = config.get("plant", {}).get("motif", "")
        self.planted_motif = "" if MATRIX.fullmatch(motif) else motif  # a file
        # what models read
        planted = "<results>/planted"
        self.sequence = f"{planted}/genome.fa" if self.planted else f"{self.genome}.fa"
        # where sites are planted, no others are known
        truth = config["truth"]
        self.sites = f"{planted}/{{condition}}/sites.bed" if self.planted else truth["sites"]
        self.motifs = f"{planted}/motif.meme" if self.planted else truth["motifs"]

    def may_be_made(self, place: str) -> bool:
        """Whether a place is in a folder of the workflow's, where the simulation may put it."""
        return "<" in place and bool(self.config.get("simulate"))

    def interval_sets(self, condition: str) -> dict[str, str]:
        """Name of each set of bases of a condition that is a BED, and the file."""
        return self.config["footprints"]["intervals"].get(condition, {})

    def instance_sets(self, condition: str) -> dict[str, Any]:
        """Name of each set of bases of a condition that is motifs' instances, and what it is of."""
        return dict(sorted(self.config["footprints"]["motifs"].get(condition, {}).items()))

    def has_sets(self, condition: str) -> bool:
        """Whether a condition has sets of bases in which attributions are measured."""
        return bool(self.interval_sets(condition) or self.instance_sets(condition))

    def has_sites(self, condition: str) -> bool:
        """Whether a condition's sites are known: simulated or planted, or a file that is there."""
        if not self.sites or self.planted or condition in self.simulated:
            return bool(self.sites)
        return Path(self.apply(self.sites).format(condition=condition)).is_file()

    def known_sites(self, condition: str) -> list[str]:
        """A condition's known sites, a list of one or none."""
        return [self.sites.format(condition=condition)] if self.has_sites(condition) else []

    def named_intervals(self) -> Iterator[tuple[str, str]]:
        """Config keys that name files of intervals, and the files."""
        if self.reference_files["blacklist"]:
            yield "genome/blacklist", self.reference_files["blacklist"]
        for condition in self.project.conditions:
            for name, path in self.interval_sets(condition).items():
                yield f"footprints/intervals/{condition}/{name}", path
        # sites that are planted come after the labels
        conditions = [] if self.planted else self.project.conditions
        for path in dict.fromkeys(path for name in conditions for path in self.known_sites(name)):
            yield "truth/sites", path

    def named_places(self) -> Iterator[tuple[str, str]]:
        """Each key or row that names a place, and the place."""
        config = self.config
        for key, text in texts({key: config[key] for key in config if key != "pathvars"}):
            for condition in self.project.conditions if "{condition}" in text else [""]:
                yield f"config key '{key}'", text.replace("{condition}", condition)
        for column in ROLES:
            for name, cell in self.project.experiments[column].items():
                for place in split_paths(cell):
                    yield f"{config['experiments']}: {column} of {name}", place
        for kept in [] if self.kept is None else self.kept.itertuples():
            file = f"<resources>/encode/{kept.experiment}/{kept.url.rpartition('/')[2]}"
            # what is here already is not asked for again
            if not (is_url(kept.url) and Path(self.apply(file)).exists()):
                yield f"{config['manifest']}: url of {kept.file}", kept.url

    def taken_places(
        self, outputs: Outputs, policy: web.Policy, is_simulated: Callable[[Output], bool]
    ) -> Iterator[str]:
        """Say what a run would delete, and which URLs can't be fetched.

        Parameters
        ----------
        outputs
            What the rules write.
        policy
            Of the portal.
        is_simulated
            Whether the simulation writes an output.
        """
        portal = self.config["portal"]["url"]
        for where, place in self.named_places():
            if is_url(place):
                wrong = complaints(web.check_url, place, portal, policy)
                yield from (f"{where}: {text}" for text in wrong)
                continue
            path = self.apply(place)
            found = outputs.writer(path)
            if found and not (path != place and is_simulated(found[0])):
                output, name = found
                also = "" if Path(path).absolute() == name else f" (the same file as {name})"
                yield (
                    f"{where}: {path}{also} is where rule {output.rule} writes ({output.pattern}), so "
                    "a run would delete it; move it to a folder of your own, and give that path"
                )
        found = None if is_url(portal) or "<" in portal else outputs.within(portal)
        if found:
            yield (
                f"config key 'portal/url': rule {found.rule} writes in {portal} ({found.pattern}); "
                "give a folder of the portal's own"
            )

    def missing_genome(self) -> Iterator[str]:
        """Say what is wrong with the genome, its blacklist and a motif to be planted."""
        if not self.references["fasta"]:
            yield (
                f"config key 'genome/fasta' is empty, and genome/name "
                f"{self.config['genome']['name']!r} has no known source; give the path or URL of its "
                f"FASTA file, or one of {', '.join(GENOMES)}"
            )
        for kind, place in self.references.items():
            # what is to be downloaded or made is not there yet
            there = not place or is_url(place) or Path(self.apply(place)).is_file()
            if not there and not self.may_be_made(place):
                yield f"config key 'genome/{kind}': no file {place}; correct the path, or give a URL"
        place = Path(f"{self.genome}.fa")
        if self.in_place and place.is_file() and is_gzip(place):
            yield (
                f"config key 'genome/fasta': {place} is compressed, but stands where the plain genome "
                "belongs; decompress it, or move it elsewhere and give that path"
            )
        if self.planted_motif and not Path(self.planted_motif).is_file():
            yield (
                f"config key 'plant/motif': '{self.planted_motif}' is neither a JASPAR matrix, such as "
                "MA0080.7, nor a MEME file that is there"
            )

    def missing_files(self, asks_portal: bool) -> Iterator[str]:
        """Say which files are missing that rules would look for late, or take for none.

        Parameters
        ----------
        asks_portal
            Whether the portal is to be asked about some experiment.
        """
        beds, motifs = {}, {}
        for condition in self.project.conditions:
            for name, place in self.interval_sets(condition).items():
                beds[f"footprints/intervals/{condition}/{name}"] = place
            for name, chosen in self.instance_sets(condition).items():
                if not chosen["database"].startswith("jaspar_"):
                    key = f"footprints/motifs/{condition}/{name}/database"
                    motifs[key] = chosen["database"]
        if self.planted_motif:
            motifs["plant/motif"] = self.planted_motif
        elif self.motifs and not self.planted:
            motifs["truth/motifs"] = self.motifs
        for key, place in {**beds, **motifs}.items():
            path = self.apply(place)
            if self.may_be_made(place):
                continue
            if not Path(path).is_file():
                yield f"config key '{key}': no file {path}; correct the path"
            elif key in motifs:
                yield from complaints(check_format, f"config key '{key}'", path)
        conditions = self.project.conditions
        unmade = self.sites and conditions and not self.may_be_made(self.sites)
        if unmade and not any(map(self.has_sites, conditions)):
            yield (
                f"config key 'truth/sites': no file {self.sites} of any condition "
                f"({', '.join(conditions)}); correct the path"
            )
        portal = self.config["portal"]["url"]
        if asks_portal and not is_url(portal) and "<" not in portal and not Path(portal).is_dir():
            yield f"config key 'portal/url': no folder {portal}; correct it, or give a URL"

    def incomplete_experiments(self, control_of: Callable[[str], str]) -> Iterator[str]:
        """Say which files of an experiment a kept manifest lacks, which has others of it.

        Parameters
        ----------
        control_of
            Gives the control of an experiment, or an empty string.
        """
        names = self.project.experiments.index
        known = [
            name
            for name in names
            if name in self.resolved or self.project.row(name)["control"] != "auto"
        ]
        for name in dict.fromkeys([*known, *map(control_of, known)]):
            for role in self.project.missing_roles(name) if name in self.resolved else ():
                if role not in set(self.resolved[name].role):
                    yield (
                        f"{self.config['manifest']}: {name} has no {role}; ask the portal again with "
                        f"key 'refresh', or give files in the column {role} of "
                        f"{self.config['experiments']}"
                    )

    def wrong_contents(self, unchecked: Sequence[str]) -> Iterator[str]:
        """Say what the first jobs would find in files that are here, which a dry-run does not run.

        Parameters
        ----------
        unchecked
            Experiments whose alignments no job has checked yet; of more than `MOST_EXPERIMENTS` only
            other files are looked at.

        Raises
        ------
        InputError
            For the genome itself.
        """
        from attprior.peaks import prepare_peaks
        from attprior.places import check_places
        from attprior.reads.check import check_reads

        with tempfile.TemporaryDirectory() as folder:
            if not (genome := self._genome_here(folder)):
                return
            index, sizes = genome
            target, blacklist = Path(folder, "checked"), self.references["blacklist"]
            here = [(key, self.apply(path)) for key, path in self.named_intervals()]
            yield from complaints(
                lambda: check_places(
                    index,
                    sizes,
                    target,
                    self.project.named_chromosomes(),
                    {"browser/loci": self.config["browser"]["loci"]},
                    [(key, path) for key, path in here if Path(path).is_file()],
                )
            )
            blacklist = blacklist if blacklist and Path(blacklist).is_file() else None
            for name in unchecked if len(unchecked) <= MOST_EXPERIMENTS else ():
                files = self._local(name, "alignments")
                # not those that take the genome's bases too
                if files and all(file_format(file) != "cram" for file in files):
                    tracks = self.project.tracks(name)
                    cut = is_shifted(self.project.assay(name))
                    yield from complaints(
                        check_reads, files, sizes, index, target, tracks, None, cut
                    )
                for role in ROLES[1:]:
                    for path in self._local(name, role):
                        yield from complaints(prepare_peaks, path, target, sizes, index, blacklist)

    def _local(self, experiment: str, role: str) -> list[str]:
        """Files of an experiment that are given by path."""
        cells = split_paths(self.project.row(experiment)[role])
        return [place for place in cells if place != CALLED and not is_url(place)]

    def _genome_here(self, folder: str) -> tuple[Path, Path] | None:
        """Index of the genome, and sizes of the chromosomes used; None where it is not at hand."""
        from attprior.genome import write_chrom_sizes, write_genome

        index, fasta = Path(f"{self.genome}.fa.fai"), self.references["fasta"]
        if not index.is_file():
            path = "" if is_url(fasta) else self.apply(fasta)
            if not Path(path).is_file() or Path(path).stat().st_size > SMALL_GENOME:
                return None
            index = Path(folder, "genome.fa.fai")
            write_genome(path, Path(folder, "genome.fa"), index)
        sizes = Path(folder, "chrom.sizes")
        write_chrom_sizes(index, sizes, self.config["genome"]["exclude"])
        return index, sizes


def complaints(check: Callable[..., object], *arguments: object) -> list[str]:
    """What a check complains of, as a list of one or none."""
    try:
        check(*arguments)
    except InputError as error:
        return [str(error)]
    return []
