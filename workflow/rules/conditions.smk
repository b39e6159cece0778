"""Which files the tasks of a condition have, and their controls."""


def tracks_of(experiment):
    """BigWigs of an experiment: plus and minus strand, or one without strands."""
    return [f"<results>/experiments/{experiment}/{track}.bw" for track in track_names(experiment)]


def task_tracks(wildcards):
    """BigWigs of all tasks of a condition."""
    return [path for task in tasks(wildcards.condition) for path in tracks_of(task)]


def controls(condition):
    """Control of each task of a condition, in the order of its tasks."""
    return [control_of(task) for task in tasks(condition)]


def control_tracks(wildcards):
    """BigWigs of all controls of a condition, each once."""
    names = dict.fromkeys(filter(None, controls(wildcards.condition)))
    return [path for name in names for path in tracks_of(name)]


def task_peaks(wildcards):
    """Peaks of all tasks of a condition."""
    return collect("<results>/experiments/{task}/peaks.narrowPeak", task=tasks(wildcards.condition))


def with_relaxed(condition):
    """Tasks of a condition that have relaxed peaks."""
    return [task for task in tasks(condition) if files_of(task, "relaxed_peaks")]


def relaxed_peaks(wildcards):
    """Relaxed peaks of the tasks of a condition that have any."""
    return collect(
        "<results>/experiments/{task}/relaxed_peaks.narrowPeak",
        task=with_relaxed(wildcards.condition),
    )


def fold_splits(wildcards):
    """Chromosomes of a fold that are held out, by split."""
    fold = config["training"]["folds"][wildcards.fold]
    return {split: fold[split] for split in ("validation", "test")}
