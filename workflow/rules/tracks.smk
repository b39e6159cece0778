"""Alignments: checked, filtered, and counted by their 5' ends."""


rule check_reads:
    """Check alignments before any long job starts."""
    input:
        reads=alignments_of,
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
        fasta=reference_of,
    output:
        "<results>/experiments/{experiment}/reads.checked",
    log:
        "<logs>/check_reads/{experiment}.log",
    benchmark:
        "<benchmarks>/check_reads/{experiment}.tsv"
    priority: 100
    conda:
        "../../envs/reads.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("10m"),
    params:
        code=code_of("check_reads.py"),
        tracks=lambda wildcards: list(track_names(wildcards.experiment)),
        transposase=lambda wildcards: is_shifted(row(wildcards.experiment)["assay"]),
    script:
        "../scripts/check_reads.py"


rule filter_reads:
    """Merge replicates of BAM and CRAM files and keep the reads that count."""
    input:
        bam=bams_of,
        checked="<results>/experiments/{experiment}/reads.checked",
    output:
        bam="<results>/experiments/{experiment}/reads.bam",
        index="<results>/experiments/{experiment}/reads.bam.csi",
    log:
        "<logs>/filter_reads/{experiment}.log",
    benchmark:
        "<benchmarks>/filter_reads/{experiment}.tsv"
    conda:
        "../../envs/reads.yaml"
    threads: 2
    resources:
        mem_mb=growing(1000),
        runtime=growing("2h"),
    params:
        code=code_of("filter_reads.py"),
        exclude_flags=lookup("reads/exclude_flags", within=config),
        min_mapq=lookup("reads/min_mapq", within=config),
        keep_duplicates=lookup("reads/keep_duplicates", within=config),
    script:
        "../scripts/filter_reads.py"


rule tracks:
    """Count 5' ends on each strand."""
    input:
        reads=alignments_of,
        checked="<results>/experiments/{experiment}/reads.checked",
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        plus="<results>/experiments/{experiment}/plus.bw",
        minus="<results>/experiments/{experiment}/minus.bw",
    log:
        "<logs>/tracks/{experiment}.log",
    benchmark:
        "<benchmarks>/tracks/{experiment}.tsv"
    conda:
        "../../envs/reads.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing("2h"),
    params:
        code=code_of("tracks.py"),
        exclude_flags=lookup("reads/exclude_flags", within=config),
        min_mapq=lookup("reads/min_mapq", within=config),
        keep_duplicates=lookup("reads/keep_duplicates", within=config),
        shift=shift_of,
    script:
        "../scripts/tracks.py"


use rule tracks as unstranded_tracks with:
    output:
        "<results>/experiments/{experiment}/unstranded.bw",
    log:
        "<logs>/unstranded_tracks/{experiment}.log",
    benchmark:
        "<benchmarks>/unstranded_tracks/{experiment}.tsv"
