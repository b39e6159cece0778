"""Alignments and peaks: checked, filtered, and reads counted by their 5' ends."""


rule check_reads:
    """Check alignments before any long job starts."""
    input:
        bam=alignments_of,
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
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
        mem_mb=growing(500),
        runtime="10m",
    params:
        code=code_of("check_reads.py"),
    script:
        "../scripts/check_reads.py"


rule filter_reads:
    """Merge replicates and keep the reads that count."""
    input:
        bam=alignments_of,
        checked="<results>/experiments/{experiment}/reads.checked",
    output:
        bam="<results>/experiments/{experiment}/reads.bam",
        index="<results>/experiments/{experiment}/reads.bam.bai",
    log:
        "<logs>/filter_reads/{experiment}.log",
    benchmark:
        "<benchmarks>/filter_reads/{experiment}.tsv"
    conda:
        "../../envs/reads.yaml"
    threads: 2
    resources:
        mem_mb=growing(1000),
        runtime="2h",
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
        bam="<results>/experiments/{experiment}/reads.bam",
        index="<results>/experiments/{experiment}/reads.bam.bai",
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
        runtime="2h",
    params:
        code=code_of("tracks.py"),
    script:
        "../scripts/tracks.py"


rule peaks:
    """Check peaks and keep those that can be used."""
    input:
        peaks=peaks_of,
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
        blacklist=REFERENCE_FILES["blacklist"],
    output:
        "<results>/experiments/{experiment}/peaks.narrowPeak",
    log:
        "<logs>/peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/peaks/{experiment}.tsv"
    priority: 100
    conda:
        "../../envs/reads.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="30m",
    params:
        code=code_of("peaks.py"),
    script:
        "../scripts/peaks.py"


use rule peaks as relaxed_peaks with:
    input:
        peaks=relaxed_peaks_of,
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
        blacklist=REFERENCE_FILES["blacklist"],
    output:
        "<results>/experiments/{experiment}/relaxed_peaks.narrowPeak",
    log:
        "<logs>/relaxed_peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/relaxed_peaks/{experiment}.tsv"
    params:
        code=code_of("peaks.py"),
        best=lookup("peaks/relaxed", within=config),
