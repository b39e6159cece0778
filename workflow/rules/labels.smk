"""A condition's reads and peaks in one labelled HDF5, and its splits."""


include: "conditions.smk"


rule labels:
    """Gather tracks and peaks of a condition in one labelled HDF5, and label the genome's bins."""
    input:
        chrom_sizes=f"{GENOME}.chrom.sizes",
        tracks=task_tracks,
        control_tracks=control_tracks,
        peaks=task_peaks,
        relaxed=relaxed_peaks,
        blacklist=REFERENCE_FILES["blacklist"],
    output:
        "<results>/conditions/{condition}/labels.h5",
    log:
        "<logs>/labels/{condition}.log",
    benchmark:
        "<benchmarks>/labels/{condition}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing("2h"),
    params:
        code=code_of("labels.py"),
        genome=lookup("genome/name", within=config),
        tasks=lambda wildcards: tasks(wildcards.condition),
        controls=lambda wildcards: controls(wildcards.condition),
        with_relaxed=lambda wildcards: with_relaxed(wildcards.condition),
        # all experiments of a condition and their controls have as many
        tracks_per_task=lambda wildcards: len(tracks_of(tasks(wildcards.condition)[0])),
        width=lookup("bins/width", within=config),
        stride=lookup("bins/stride", within=config),
        flank=lookup("bins/flank", within=config),
        # stored as it is; it is made from input, so that it reruns nothing by itself
        settings=lambda wildcards, input: settings.as_text(
            {key: config[key] for key in ("genome", "reads", "peaks", "bins")}
        ),
    script:
        "../scripts/labels.py"


rule fold:
    """Say which split each chromosome is in, and check that each has peaks and 5' ends."""
    input:
        "<results>/conditions/{condition}/labels.h5",
    output:
        splits="<results>/conditions/{condition}/folds/{fold}.tsv",
        counts="<results>/conditions/{condition}/folds/{fold}/counts.tsv",
    log:
        "<logs>/fold/{condition}/{fold}.log",
    benchmark:
        "<benchmarks>/fold/{condition}/{fold}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("30m"),
    params:
        code=code_of("fold.py"),
        # one value with names in it, as Snakemake does not notice when two swap theirs
        splits=fold_splits,
    script:
        "../scripts/fold.py"
