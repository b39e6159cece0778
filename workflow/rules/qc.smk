"""Quality control of experiments: what is measured, the verdicts, and figures of them."""


include: "quality.smk"


rule qc_reads:
    """Count reads before and after the filter, and see how many are copies of others."""
    input:
        alignments=alignments_of,
        reads=filtered_reads,
        checked="<results>/experiments/{experiment}/reads.checked",
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        metrics="<results>/experiments/{experiment}/qc/reads.tsv",
        flagstat="<results>/experiments/{experiment}/qc/flagstat.tsv",
    log:
        "<logs>/qc_reads/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_reads/{experiment}.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing("2h"),
    params:
        code=code_of("qc_reads.py"),
        exclude_flags=lookup("reads/exclude_flags", within=config),
        min_mapq=lookup("reads/min_mapq", within=config),
    script:
        "../scripts/qc_reads.py"


rule qc_tracks:
    """Correlate strands, count reads in peaks, and measure peaks."""
    input:
        tracks=own_tracks,
        chrom_sizes=f"{GENOME}.chrom.sizes",
        fasta=f"{GENOME}.fa",
        index=f"{GENOME}.fa.fai",
        peaks=checked_peaks,
        reads=read_metrics,
    output:
        metrics="<results>/experiments/{experiment}/qc/tracks.tsv",
        curve="<results>/experiments/{experiment}/qc/cross_correlation.tsv",
        intervals="<results>/experiments/{experiment}/qc/intervals.tsv",
    log:
        "<logs>/qc_tracks/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_tracks/{experiment}.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing("2h"),
    params:
        code=code_of("qc_tracks.py"),
        assay=lambda wildcards: row(wildcards.experiment)["assay"],
    script:
        "../scripts/qc_tracks.py"


rule qc_fingerprint:
    """See how unevenly reads lie over the genome, beside the control's."""
    input:
        reads="<results>/experiments/{experiment}/reads.bam",
        control=control_reads,
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        curve="<results>/experiments/{experiment}/qc/fingerprint.tsv",
        metrics="<results>/experiments/{experiment}/qc/fingerprint.metrics.tsv",
    log:
        "<logs>/qc_fingerprint/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_fingerprint/{experiment}.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing("4h"),
    params:
        code=code_of("qc_fingerprint.py"),
    script:
        "../scripts/qc_fingerprint.py"


rule qc_replicates:
    """Correlate replicates, files of alignments, by their reads in bins."""
    input:
        alignments=alignments_of,
        checked="<results>/experiments/{experiment}/reads.checked",
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        correlations="<results>/experiments/{experiment}/qc/replicates.tsv",
        counts="<results>/experiments/{experiment}/qc/replicates.bins.tsv",
    log:
        "<logs>/qc_replicates/{experiment}.log",
    benchmark:
        "<benchmarks>/qc_replicates/{experiment}.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing("4h"),
    params:
        code=code_of("qc_replicates.py"),
        exclude_flags=lookup("reads/exclude_flags", within=config),
        min_mapq=lookup("reads/min_mapq", within=config),
    script:
        "../scripts/qc_replicates.py"


rule qc:
    """Tell whether an experiment is usable, by ENCODE's standards for its assay."""
    input:
        reads=read_metrics,
        tracks="<results>/experiments/{experiment}/qc/tracks.tsv",
        fingerprint=of_bams("fingerprint.metrics.tsv"),
        replicates=of_bams("replicates.tsv"),
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        report(
            "<results>/experiments/{experiment}/qc.tsv",
            caption="../report/qc.rst",
            category=CATEGORIES["qc"],
            labels={"experiment": "{experiment}", "show": "table"},
        ),
    log:
        "<logs>/qc/{experiment}.log",
    benchmark:
        "<benchmarks>/qc/{experiment}.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing("10m"),
    params:
        code=code_of("qc.py"),
        assay=lambda wildcards: row(wildcards.experiment)["assay"],
        formats=lambda wildcards: formats_of(wildcards.experiment),
    script:
        "../scripts/qc.py"


rule plot_qc:
    """Draw the quality of an experiment on one page."""
    input:
        verdicts="<results>/experiments/{experiment}/qc.tsv",
        curve="<results>/experiments/{experiment}/qc/cross_correlation.tsv",
        intervals="<results>/experiments/{experiment}/qc/intervals.tsv",
        fingerprint=of_bams("fingerprint.tsv"),
        replicates=of_bams("replicates.bins.tsv"),
    output:
        svg=report(
            "<results>/experiments/{experiment}/qc.svg",
            caption="../report/qc.rst",
            category=CATEGORIES["qc"],
            labels={"experiment": "{experiment}", "show": "figure"},
        ),
        png="<results>/experiments/{experiment}/qc.png",
    log:
        "<logs>/plot_qc/{experiment}.log",
    benchmark:
        "<benchmarks>/plot_qc/{experiment}.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("10m"),
    params:
        code=code_of("plot_qc.py"),
        assay=lambda wildcards: row(wildcards.experiment)["assay"],
    script:
        "../scripts/plot_qc.py"


rule qc_summary:
    """Put the verdicts on all experiments in one table."""
    input:
        tables=verdicts_on_all,
    output:
        report(
            "<results>/qc/summary.tsv",
            caption="../report/qc_summary.rst",
            category=CATEGORIES["qc"],
            labels={"experiment": "all", "show": "table"},
        ),
    log:
        "<logs>/qc_summary.log",
    benchmark:
        "<benchmarks>/qc_summary.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing("10m"),
    params:
        code=code_of("qc_summary.py"),
        experiments=lambda wildcards: controlled(),
        assays=lambda wildcards: [row(experiment)["assay"] for experiment in controlled()],
    script:
        "../scripts/qc_summary.py"


rule plot_qc_summary:
    """Draw the verdicts on all experiments."""
    input:
        table="<results>/qc/summary.tsv",
    output:
        svg=report(
            "<results>/qc/summary.svg",
            caption="../report/qc_summary.rst",
            category=CATEGORIES["qc"],
            labels={"experiment": "all", "show": "figure"},
        ),
        png="<results>/qc/summary.png",
    log:
        "<logs>/plot_qc_summary.log",
    benchmark:
        "<benchmarks>/plot_qc_summary.tsv"
    conda:
        "../../envs/qc.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("10m"),
    params:
        code=code_of("plot_qc_summary.py"),
    script:
        "../scripts/plot_qc_summary.py"
