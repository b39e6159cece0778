"""Which files an experiment has, whether local or on the portal."""

import re

import pandas as pd
from attprior.portal.manifest import read_manifest

try:
    KEPT = (
        read_manifest(config["manifest"], config["genome"]["name"]) if config["manifest"] else None
    )
except InputError as error:
    raise WorkflowError(str(error)) from None

# the portal's files of the experiments whose rows a user keeps
RESOLVED = (
    {}
    if KEPT is None
    else {name: rows for name, rows in KEPT.groupby("experiment") if name not in config["refresh"]}
)


def files_of(experiment, role):
    """Paths of an experiment's alignments, peaks or relaxed_peaks: the sheet's, else the portal's."""
    if is_called(experiment, role):
        return [f"<results>/experiments/{experiment}/macs3/{role}.narrowPeak"]
    given = split_paths(row(experiment)[role])
    if given or not is_accession(experiment):
        return [path_of(experiment, place) for place in given]
    files = manifest(experiment)
    urls = files.url[files.role == role]
    return [f"<resources>/encode/{experiment}/{url.rpartition('/')[2]}" for url in urls]


def path_of(experiment, place):
    """Path of a file that a row names; one that has a URL is brought here first."""
    return f"<resources>/files/{experiment}/{file_name(place)}" if is_url(place) else place


def url_of(wildcards):
    """URL of a file that a row names so."""
    given = row(wildcards.experiment)
    for role in ("alignments", "peaks", "relaxed_peaks"):
        for place in filter(is_url, split_paths(given[role])):
            if file_name(place) == wildcards.name:
                return place
    raise WorkflowError(
        f"no row of {config['experiments']} has a URL that ends in {wildcards.name}"
    )


def is_called(experiment, role):
    """Whether MACS3 calls an experiment's peaks or relaxed_peaks, the latter unless they are given."""
    given = row(experiment)
    return role != "alignments" and settings.CALLED == (given[role] or given["peaks"])


def manifest(experiment):
    """The portal's files of an experiment, once they are resolved; at once those that are kept."""
    if experiment in RESOLVED:
        return RESOLVED[experiment]
    path = checkpoints.resolve.get(experiment=experiment).output[0]
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def alignments_of(wildcards):
    """Alignments of an experiment, a list."""
    return files_of(wildcards.experiment, "alignments")


def bams_of(wildcards):
    """Alignments of an experiment that are BAM or CRAM, a list."""
    found = [path for path in alignments_of(wildcards) if file_format(path) in ("bam", "cram")]
    if not found:
        raise WorkflowError(f"{wildcards.experiment} has no BAM or CRAM files to be filtered")
    return found


def reference_of(wildcards):
    """The genome, by which CRAM files and shifts made before are known, a list of one or none."""
    given = row(wildcards.experiment)
    formats = map(file_format, split_paths(given["alignments"]))
    return [f"{GENOME}.fa"] if is_shifted(given["assay"]) or "cram" in formats else []


def track_names(experiment):
    """Names of an experiment's tracks."""
    return ASSAYS[row(experiment)["assay"]]


def shift_of(wildcards):
    """Base pairs by which 5' ends of an experiment move, on the plus and the minus strand."""
    shifted = is_shifted(row(wildcards.experiment)["assay"])
    return config["reads"]["atac_shift"] if shifted else [0, 0]


def peaks_of(wildcards):
    """Peaks of an experiment, a list of one, or of none for a control."""
    control = is_control(row(wildcards.experiment)["assay"])
    return [] if control else files_of(wildcards.experiment, "peaks")


def relaxed_peaks_of(wildcards):
    """Relaxed peaks of an experiment, a list of one or none."""
    return files_of(wildcards.experiment, "relaxed_peaks")


def reads_of(experiment):
    """Files of an experiment's reads: BAM and CRAM filtered and merged, text as it is."""
    files = files_of(experiment, "alignments")
    if any(file_format(path) == "bigwig" for path in files):
        raise WorkflowError(
            f"{config['experiments']}: {experiment} has bigWigs, so {settings.CALLED} can't call "
            "peaks of it or against it; give reads in column alignments, or a file of peaks"
        )
    text = [path for path in files if file_format(path) in ("bed", "bedpe")]
    merged = f"<results>/experiments/{experiment}/reads.bam"
    return text if len(text) == len(files) else [merged, *text]


def called_reads(wildcards):
    """Reads of which peaks are called."""
    return reads_of(wildcards.experiment)


def called_control_reads(wildcards):
    """Reads of the control against which peaks are called, if there is one."""
    control = control_of(wildcards.experiment)
    return reads_of(control) if control else []


def called_checks(wildcards):
    """Tables of the checks of an experiment's alignments and of its control's."""
    names = filter(None, [wildcards.experiment, control_of(wildcards.experiment)])
    return [f"<results>/experiments/{name}/reads.checked" for name in names]


def control_of(experiment):
    """Control of an experiment, whose files are known too; an empty string if it has none."""
    control = control_name(experiment)
    if of_portal(control):
        # asked for here: once the portal's answer is there, Snakemake looks again at jobs that wait
        # for it, but not at jobs that come up only then
        manifest(control)
    return control


def control_name(experiment):
    """Name of an experiment's control; an empty string if it has none."""
    control = row(experiment)["control"]
    if control == "auto":
        return manifest(experiment).control.iloc[0]
    return "" if control == "none" else control


def in_manifest(column):
    """Give the function that reads a download's column of the manifest."""

    # not from input: Snakemake does not track params that are made of it
    def value(wildcards):
        return manifest(wildcards.experiment).set_index("file").loc[wildcards.file, column]

    return value


def manifest_of(wildcards):
    """Manifest of an experiment that the portal is asked about; none of one that is kept."""
    return [] if wildcards.experiment in RESOLVED else "<resources>/manifest/{experiment}.tsv"


def of_portal(experiment):
    """Whether an experiment's files are the portal's, at least some."""
    return is_accession(experiment) and bool(missing_roles_of(experiment))


def on_portal():
    """Accessions whose files the portal has, controls included."""
    named = [*EXPERIMENTS.index, *filter(None, map(control_name, EXPERIMENTS.index))]
    return list(filter(of_portal, dict.fromkeys(named)))


def asked_at_once(wildcards):
    """Manifests of the sheet's own experiments: asked about in parallel, before their controls are."""
    names = [name for name in EXPERIMENTS.index if of_portal(name) and name not in RESOLVED]
    return collect("<resources>/manifest/{name}.tsv", name=names)


def new_manifests(wildcards):
    """Manifests of all experiments that the portal is asked about."""
    names = [name for name in on_portal() if name not in RESOLVED]
    return collect("<resources>/manifest/{name}.tsv", name=names)


def fetched(wildcards):
    """Every file of the portal that the sheet or the kept manifest names."""
    names = dict.fromkeys([*on_portal(), *RESOLVED])
    return [
        f"<resources>/encode/{name}/{url.rpartition('/')[2]}"
        for name in names
        for url in manifest(name).url
    ]


def proposal(key):
    """What `propose` is asked."""
    if "propose" not in config:
        raise WorkflowError(
            "propose what? Give the config key, such as "
            "--config propose='{target: GATA2, assay: TF ChIP-seq, assembly: GRCh38}'"
        )
    return config["propose"][key]


def proposed():
    """Name of what `propose` is asked."""
    named = "_".join(filter(None, [proposal("target"), proposal("biosample")]))
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", named)


def unresolved():
    """Experiments of the sheet of whose files nothing is known yet."""
    folder = Path(PATHVARS.apply("<resources>/manifest"))
    return [
        name
        for name in EXPERIMENTS.index
        if of_portal(name) and name not in RESOLVED and not (folder / f"{name}.tsv").exists()
    ]


def missing_roles(wildcards):
    """What the portal must have, as it is not given by local files."""
    return missing_roles_of(wildcards.experiment)


def missing_roles_of(experiment):
    """Roles that local files leave to the portal."""
    given = row(experiment)
    roles = ["alignments"] if is_control(given["assay"]) else ["alignments", "peaks"]
    return [role for role in roles if not given[role]]


def checked_peaks(wildcards):
    """The prepared peaks of an experiment that has any."""
    found = peaks_of(wildcards)
    return ["<results>/experiments/{experiment}/peaks.narrowPeak"] if found else []


def controlled():
    """All experiments and their controls, each once."""
    if EXPERIMENTS.empty:
        raise WorkflowError(f"{config['experiments']}: no experiments; add a row for each")
    controls = filter(None, map(control_of, EXPERIMENTS.index))
    return list(dict.fromkeys([*EXPERIMENTS.index, *controls]))


def verdicts_on_all(wildcards):
    """Tables of the quality of all experiments and their controls."""
    return [f"<results>/experiments/{experiment}/qc.tsv" for experiment in controlled()]


def quality_control():
    """Give the function that lists the quality control of all experiments and their controls."""

    def pages(wildcards):
        figures = [f"<results>/experiments/{experiment}/qc.svg" for experiment in controlled()]
        return ["<results>/qc/summary.svg", *verdicts_on_all(wildcards), *figures]

    return pages
