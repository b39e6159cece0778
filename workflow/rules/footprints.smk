"""Sets of bases in which a condition's attributions are measured."""

FOOTPRINTS = config["footprints"]
try:
    settings.check_footprints(FOOTPRINTS, CONDITIONS)
except InputError as error:
    raise WorkflowError(str(error)) from None


def interval_sets(wildcards):
    """Name of each set of a condition that is a BED, and the file."""
    return FOOTPRINTS["intervals"].get(wildcards.condition, {})


def instance_sets(wildcards):
    """Name of each set of a condition that is motifs' instances, by name, and what it is of."""
    return dict(sorted(FOOTPRINTS["motifs"].get(wildcards.condition, {}).items()))


def instance_motifs(wildcards):
    """Motif files of a condition's sets of instances, by the sets' names."""
    databases = [chosen["database"] for chosen in instance_sets(wildcards).values()]
    return [
        f"<resources>/motifs/{name}.meme" if name.startswith("jaspar_") else name
        for name in databases
    ]


def has_sets(condition):
    """Whether a condition has sets of bases in which attributions are measured."""
    return any(FOOTPRINTS[kind].get(condition) for kind in ("intervals", "motifs"))
