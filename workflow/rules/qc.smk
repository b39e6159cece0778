"""Quality control of experiments: what is measured, the verdicts, and figures of them."""


rule qc_reads:
    """Count reads before and after the filter, and their duplicates."""
    input:
        f"{EXPERIMENT}/reads.checked",
        alignments=alignments_of,
        filtered=of_bams("reads.bam"),
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        metrics=f"{EXPERIMENT}/qc/reads.tsv",
        flagstats=f"{EXPERIMENT}/qc/flagstat.tsv",
    log:
        "<logs>/qc_reads/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_reads/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    threads: 2
    resources:
        **needs(2000, "2h"),
    params:
        **calls("qc.reads.measure_reads"),
        **block("reads", "exclude_flags", "min_mapq"),
    script:
        "../scripts/call.py"


rule qc_tracks:
    """Correlate strands, count reads in peaks, and measure peaks."""
    input:
        f"{GENOME}.fa.fai",
        tracks=lambda wildcards: tracks_of(wildcards.experiment),
        chrom_sizes=f"{GENOME}.chrom.sizes",
        fasta=f"{GENOME}.fa",
        # a control has none
        peaks=lambda wildcards: (
            []
            if is_control(PROJECT.assay(wildcards.experiment))
            or not files_of(wildcards.experiment, "peaks")
            else f"{EXPERIMENT}/peaks.narrowPeak"
        ),
        reads=of_reads("qc/reads.tsv"),
    output:
        metrics=f"{EXPERIMENT}/qc/tracks.tsv",
        curve=f"{EXPERIMENT}/qc/cross_correlation.tsv",
        intervals=f"{EXPERIMENT}/qc/intervals.tsv",
    log:
        "<logs>/qc_tracks/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_tracks/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(3000, "2h"),
    params:
        **calls("qc.tracks.measure_tracks"),
        assay=lambda wildcards: PROJECT.assay(wildcards.experiment),
    script:
        "../scripts/call.py"


rule qc_fingerprint:
    """Compute the deepTools fingerprint of an experiment, beside its control's."""
    input:
        reads=f"{EXPERIMENT}/reads.bam",
        control=reads_of_control,
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        curve=f"{EXPERIMENT}/qc/fingerprint.tsv",
        metrics=f"{EXPERIMENT}/qc/fingerprint.metrics.tsv",
    log:
        "<logs>/qc_fingerprint/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_fingerprint/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    threads: 2
    resources:
        **needs(2000, "4h"),
    params:
        **calls("qc.deeptools.measure_fingerprint"),
    script:
        "../scripts/call.py"


rule qc_replicates:
    """Correlate replicates, files of alignments, by their reads in bins."""
    input:
        f"{EXPERIMENT}/reads.checked",
        alignments=alignments_of,
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        correlations=f"{EXPERIMENT}/qc/replicates.tsv",
        counts=f"{EXPERIMENT}/qc/replicates.bins.tsv",
    log:
        "<logs>/qc_replicates/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_replicates/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    threads: 2
    resources:
        **needs(2000, "4h"),
    params:
        **calls("qc.deeptools.measure_replicates"),
        **block("reads", "exclude_flags", "min_mapq"),
    script:
        "../scripts/call.py"


rule qc:
    """Judge an experiment by ENCODE's standards for its assay."""
    input:
        reads=of_reads("qc/reads.tsv"),
        tracks=f"{EXPERIMENT}/qc/tracks.tsv",
        fingerprint=of_bams("qc/fingerprint.metrics.tsv"),
        replicates=of_bams("qc/replicates.tsv"),
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        target=report(
            f"{EXPERIMENT}/qc.tsv", **reported_as("qc", experiment="{experiment}", show="table")
        ),
    log:
        "<logs>/qc/{experiment}.log",
    benchmark:
        "<benchmarks>/qc/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "10m"),
    params:
        **calls("qc.summary.write_verdicts"),
        assay=lambda wildcards: PROJECT.assay(wildcards.experiment),
        formats=lambda wildcards: PROJECT.formats(wildcards.experiment),
    script:
        "../scripts/call.py"


rule plot_qc:
    """Draw the quality of an experiment on one page."""
    input:
        verdicts=f"{EXPERIMENT}/qc.tsv",
        curve=f"{EXPERIMENT}/qc/cross_correlation.tsv",
        intervals=f"{EXPERIMENT}/qc/intervals.tsv",
        fingerprint=of_bams("qc/fingerprint.tsv"),
        replicates=of_bams("qc/replicates.bins.tsv"),
    output:
        svg=report(
            f"{EXPERIMENT}/qc.svg", **reported_as("qc", experiment="{experiment}", show="figure")
        ),
        png=f"{EXPERIMENT}/qc.png",
    log:
        "<logs>/plot_qc/{experiment}.log",
    benchmark:
        "<benchmarks>/plot_qc/{experiment}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "10m"),
    params:
        **draws("plotting.qc.plot_experiment"),
        # which the caption names too
        assay=lambda wildcards: PROJECT.assay(wildcards.experiment),
        experiment=lambda wildcards: wildcards.experiment,
    script:
        "../scripts/plot.py"


rule qc_summary:
    """Put the verdicts on all experiments in one table."""
    input:
        tables=of_controlled("qc.tsv"),
    output:
        target=report(
            "<results>/qc/summary.tsv",
            **reported_as("qc", caption="qc_summary", experiment="all", show="table"),
        ),
    log:
        "<logs>/qc_summary.log",
    benchmark:
        "<benchmarks>/qc_summary.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "10m"),
    params:
        **calls("qc.summary.summarise"),
        experiments=lambda wildcards: controlled(),
        assays=lambda wildcards: list(map(PROJECT.assay, controlled())),
    script:
        "../scripts/call.py"


rule plot_qc_summary:
    """Draw the verdicts on all experiments."""
    input:
        table="<results>/qc/summary.tsv",
    output:
        svg=report(
            "<results>/qc/summary.svg",
            **reported_as("qc", caption="qc_summary", experiment="all", show="figure"),
        ),
        png="<results>/qc/summary.png",
    log:
        "<logs>/plot_qc_summary.log",
    benchmark:
        "<benchmarks>/plot_qc_summary.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "10m"),
    params:
        **draws("plotting.qc.plot_summary"),
    script:
        "../scripts/plot.py"
