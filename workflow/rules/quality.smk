"""Which files an experiment's quality control reads, by what its alignments are."""


def formats_of(experiment):
    """Formats of an experiment's alignments, in order."""
    local = split_paths(row(experiment)["alignments"])
    # the portal's are BAM files: nothing here has to wait for its answer
    return sorted(set(map(file_format, local))) or ["bam"]


def has_bam(experiment):
    """Whether an experiment has reads with flags: BAM or CRAM files."""
    return not {"bam", "cram"}.isdisjoint(formats_of(experiment))


def filtered_reads(wildcards):
    """The filtered reads of an experiment that has BAM or CRAM files."""
    reads = "<results>/experiments/{experiment}/reads.bam"
    return [reads] if has_bam(wildcards.experiment) else []


def control_reads(wildcards):
    """The filtered reads of an experiment's control, if that has BAM or CRAM files."""
    control = control_of(wildcards.experiment)
    has_reads = control and has_bam(control)
    return [f"<results>/experiments/{control}/reads.bam"] if has_reads else []


def own_tracks(wildcards):
    """BigWigs of an experiment."""
    return tracks_of(wildcards.experiment)


def read_metrics(wildcards):
    """What is measured of an experiment's reads; bigWigs have none."""
    measured = "<results>/experiments/{experiment}/qc/reads.tsv"
    return [] if formats_of(wildcards.experiment) == ["bigwig"] else [measured]


def of_bams(name):
    """Give the function that names a file of an experiment that has BAM or CRAM files."""

    def path(wildcards):
        found = f"<results>/experiments/{wildcards.experiment}/qc/{name}"
        return [found] if has_bam(wildcards.experiment) else []

    return path
