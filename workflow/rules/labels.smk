"""A condition's reads and peaks in one labelled HDF5, and its splits."""


rule labels:
    """Gather tracks and peaks of a condition in one labelled HDF5, and label the genome's bins."""
    input:
        chrom_sizes=f"{GENOME}.chrom.sizes",
        tracks=task_tracks,
        control_tracks=control_tracks,
        peaks=task_peaks,
        relaxed=relaxed_peaks,
        blacklist=GIVEN.reference_files["blacklist"],
    output:
        f"{CONDITION}/labels.h5",
    log:
        "<logs>/labels/{condition}.log",
    benchmark:
        "<benchmarks>/labels/{condition}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        **needs(6000, "2h"),
    params:
        **block("bins", "width", "stride", "flank"),
        # stored as it is; it is made from input, so that it reruns nothing by itself
        code=code_of("labels.py"),
        genome=lookup("genome/name", within=config),
        tasks=lambda wildcards: PROJECT.tasks(wildcards.condition),
        controls=lambda wildcards: controls(wildcards.condition),
        with_relaxed=lambda wildcards: with_relaxed(wildcards.condition),
        # all experiments of a condition and their controls have as many
        tracks_per_task=lambda wildcards: len(tracks_of(PROJECT.tasks(wildcards.condition)[0])),
        settings=lambda wildcards, input: settings.as_text(
            {key: config[key] for key in ("genome", "reads", "peaks", "bins")}
        ),
    script:
        "../scripts/labels.py"


rule fold:
    """Assign chromosomes to splits, and check that each split has peaks and 5' ends."""
    input:
        f"{CONDITION}/labels.h5",
    output:
        splits=f"{CONDITION}/folds/{{fold}}.tsv",
        counts=f"{CONDITION}/folds/{{fold}}/counts.tsv",
    log:
        "<logs>/fold/{condition}/{fold}.log",
    benchmark:
        "<benchmarks>/fold/{condition}/{fold}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        **needs(4000, "30m"),
    params:
        code=code_of("fold.py"),
        # one value with names in it, as Snakemake does not notice when two swap theirs
        splits=lambda wildcards: {
            split: config["training"]["folds"][wildcards.fold][split]
            for split in ("validation", "test")
        },
    script:
        "../scripts/fold.py"
