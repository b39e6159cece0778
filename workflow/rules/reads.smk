"""Alignments: checked, filtered, and counted by their 5' ends; peaks called of them, or checked."""


rule check_reads:
    """Check alignments before any long job starts."""
    input:
        files=alignments_of,
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
        # by which CRAM files and shifts made before are known
        fasta=lambda wildcards: (
            f"{GENOME}.fa"
            if is_shifted(PROJECT.assay(wildcards.experiment))
            or "cram" in PROJECT.formats(wildcards.experiment)
            else []
        ),
    output:
        target=f"{EXPERIMENT}/reads.checked",
    log:
        "<logs>/check_reads/{experiment}.log",
    benchmark:
        "<benchmarks>/check_reads/{experiment}.tsv"
    priority: 100
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(2000, "10m"),
    params:
        **calls("reads.check.check_reads"),
        tracks=lambda wildcards: PROJECT.tracks(wildcards.experiment),
        transposase=lambda wildcards: is_shifted(PROJECT.assay(wildcards.experiment)),
    script:
        "../scripts/call.py"


rule filter_reads:
    """Merge replicates of BAM and CRAM files and keep the reads that count."""
    input:
        f"{EXPERIMENT}/reads.checked",
        bams=bams_of,
    output:
        f"{EXPERIMENT}/reads.bam.csi",
        target=f"{EXPERIMENT}/reads.bam",
    log:
        "<logs>/filter_reads/{experiment}.log",
    benchmark:
        "<benchmarks>/filter_reads/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    threads: 2
    resources:
        **needs(1000, "2h"),
    params:
        **calls("reads.select.filter_reads"),
        **block("reads", "exclude_flags", "min_mapq", "keep_duplicates"),
    script:
        "../scripts/call.py"


rule tracks:
    """Count 5' ends on each strand."""
    input:
        reads=alignments_of,
        checked=f"{EXPERIMENT}/reads.checked",
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        plus=f"{EXPERIMENT}/plus.bw",
        minus=f"{EXPERIMENT}/minus.bw",
    log:
        "<logs>/tracks/{experiment}.log",
    benchmark:
        "<benchmarks>/tracks/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(3000, "2h"),
    params:
        **block("reads", "exclude_flags", "min_mapq", "keep_duplicates"),
        code=code_of("tracks.py"),
        shift=lambda wildcards: PROJECT.shift(wildcards.experiment),
    script:
        "../scripts/tracks.py"


use rule tracks as unstranded_tracks with:
    output:
        f"{EXPERIMENT}/unstranded.bw",
    log:
        "<logs>/unstranded_tracks/{experiment}.log",
    benchmark:
        "<benchmarks>/unstranded_tracks/{experiment}.tsv"


rule call_peaks:
    """Call peaks with MACS3, against the control's reads where there is one."""
    input:
        checks_of_called,
        treatment=lambda wildcards: reads_of(wildcards.experiment),
        control=lambda wildcards: (
            reads_of(control_of(wildcards.experiment)) if control_of(wildcards.experiment) else []
        ),
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        target=f"{EXPERIMENT}/macs3/peaks.narrowPeak",
    log:
        "<logs>/call_peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/call_peaks/{experiment}.tsv"
    conda:
        "../../envs/macs3.yaml"
    resources:
        **needs(8000, "6h"),
    params:
        **calls("macs3.call_peaks"),
        name=lambda wildcards: wildcards.experiment,
        assay=lambda wildcards: PROJECT.assay(wildcards.experiment),
        keep_duplicates=lookup("reads/keep_duplicates", within=config),
        q_value=lookup("peaks/macs3/q_value", within=config),
    script:
        "../scripts/call.py"


use rule call_peaks as call_relaxed_peaks with:
    output:
        target=f"{EXPERIMENT}/macs3/relaxed_peaks.narrowPeak",
    log:
        "<logs>/call_relaxed_peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/call_relaxed_peaks/{experiment}.tsv"
    params:
        q_value=None,
        p_value=lookup("peaks/macs3/relaxed_p_value", within=config),


rule peaks:
    """Check peaks and keep those that can be used."""
    input:
        source=peaks_of("peaks"),
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
        blacklist=GIVEN.reference_files["blacklist"],
    output:
        target=f"{EXPERIMENT}/peaks.narrowPeak",
        dropped=f"{EXPERIMENT}/peaks.dropped.tsv",
    log:
        "<logs>/peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/peaks/{experiment}.tsv"
    priority: 100
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "30m"),
    params:
        **calls("peaks.prepare_peaks"),
    script:
        "../scripts/call.py"


use rule peaks as relaxed_peaks with:
    input:
        source=peaks_of("relaxed_peaks"),
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
        blacklist=GIVEN.reference_files["blacklist"],
    output:
        target=f"{EXPERIMENT}/relaxed_peaks.narrowPeak",
        dropped=f"{EXPERIMENT}/relaxed_peaks.dropped.tsv",
    log:
        "<logs>/relaxed_peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/relaxed_peaks/{experiment}.tsv"
    params:
        best=lookup("peaks/relaxed", within=config),
