"""Which files an experiment has, whether local or on the portal."""

import pandas as pd


def files_of(experiment, role):
    """Paths of an experiment's alignments, peaks or relaxed_peaks: local ones, else the portal's."""
    local = split_paths(row(experiment)[role])
    if local or not is_accession(experiment):
        return local
    files = manifest(experiment)
    urls = files.url[files.role == role]
    return [f"<resources>/encode/{experiment}/{url.rpartition('/')[2]}" for url in urls]


def manifest(experiment):
    """The portal's files of an experiment, once they are resolved."""
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

    def value(wildcards, input):
        files = pd.read_csv(input.manifest, sep="\t", dtype=str, keep_default_na=False)
        return files.set_index("file").loc[wildcards.file, column]

    return value


def missing_roles(wildcards):
    """What the portal must have, as it is not given by local files."""
    given = row(wildcards.experiment)
    roles = ["alignments"] if given["assay"] == "control-chip" else ["alignments", "peaks"]
    return [role for role in roles if not given[role]]


def checked_peaks(wildcards):
    """The prepared peaks of an experiment that has any."""
    found = peaks_of(wildcards)
    return ["<results>/experiments/{experiment}/peaks.narrowPeak"] if found else []


def quality_control():
    """Give the function that lists the quality control of all experiments and their controls."""

    def tables(wildcards):
        controls = filter(None, map(control_of, EXPERIMENTS.index))
        experiments = dict.fromkeys([*EXPERIMENTS.index, *controls])
        return [f"<results>/experiments/{experiment}/qc.tsv" for experiment in experiments]

    return tables
