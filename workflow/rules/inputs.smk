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
    """Paths of an experiment's alignments, peaks or relaxed_peaks: local ones, else the portal's."""
    local = split_paths(row(experiment)[role])
    if local or not is_accession(experiment):
        return local
    files = manifest(experiment)
    urls = files.url[files.role == role]
    return [f"<resources>/encode/{experiment}/{url.rpartition('/')[2]}" for url in urls]


def manifest(experiment):
    """The portal's files of an experiment, once they are resolved; at once those that are kept."""
    if experiment in RESOLVED:
        return RESOLVED[experiment]
    path = checkpoints.resolve.get(experiment=experiment).output[0]
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def alignments_of(wildcards):
    """BAM files of an experiment, a list."""
    return files_of(wildcards.experiment, "alignments")


def peaks_of(wildcards):
    """Peaks of an experiment, a list of one, or of none for a control."""
    is_control = row(wildcards.experiment)["assay"] == "control-chip"
    return [] if is_control else files_of(wildcards.experiment, "peaks")


def relaxed_peaks_of(wildcards):
    """Relaxed peaks of an experiment, a list of one or none."""
    return files_of(wildcards.experiment, "relaxed_peaks")


def control_of(experiment):
    """Control of an experiment; an empty string if it has none."""
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
    named = [*EXPERIMENTS.index, *filter(None, map(control_of, EXPERIMENTS.index))]
    return list(filter(of_portal, dict.fromkeys(named)))


def asked_at_once(wildcards):
    """Manifests of the sheet's own experiments: asked about in parallel, before their controls."""
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
    folder = Path(workflow.pathvars.apply("<resources>/manifest"))
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
    roles = ["alignments"] if given["assay"] == "control-chip" else ["alignments", "peaks"]
    return [role for role in roles if not given[role]]


def checked_peaks(wildcards):
    """The prepared peaks of an experiment that has any."""
    found = peaks_of(wildcards)
    return ["<results>/experiments/{experiment}/peaks.narrowPeak"] if found else []


def quality_control():
    """Give the function that lists the quality control of all experiments and their controls."""

    def tables(wildcards):
        if EXPERIMENTS.empty:
            raise WorkflowError(f"{config['experiments']}: no experiments; add a row for each")
        controls = filter(None, map(control_of, EXPERIMENTS.index))
        experiments = dict.fromkeys([*EXPERIMENTS.index, *controls])
        return [f"<results>/experiments/{experiment}/qc.tsv" for experiment in experiments]

    return tables
