"""Peaks: called where the sheet asks for it, checked, and those kept that can be used."""


rule call_peaks:
    """Call peaks with MACS3, against the control's reads where there is one."""
    input:
        treatment=called_reads,
        control=called_control_reads,
        checked=called_checks,
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        "<results>/experiments/{experiment}/macs3/peaks.narrowPeak",
    log:
        "<logs>/call_peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/call_peaks/{experiment}.tsv"
    conda:
        "../../envs/macs3.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing("6h"),
    params:
        code=code_of("call_peaks.py"),
        assay=lambda wildcards: row(wildcards.experiment)["assay"],
        keep_duplicates=lookup("reads/keep_duplicates", within=config),
        q_value=lookup("peaks/macs3/q_value", within=config),
    script:
        "../scripts/call_peaks.py"


use rule call_peaks as call_relaxed_peaks with:
    output:
        "<results>/experiments/{experiment}/macs3/relaxed_peaks.narrowPeak",
    log:
        "<logs>/call_relaxed_peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/call_relaxed_peaks/{experiment}.tsv"
    params:
        code=code_of("call_peaks.py"),
        assay=lambda wildcards: row(wildcards.experiment)["assay"],
        keep_duplicates=lookup("reads/keep_duplicates", within=config),
        p_value=lookup("peaks/macs3/relaxed_p_value", within=config),


rule peaks:
    """Check peaks and keep those that can be used."""
    input:
        peaks=peaks_of,
        chrom_sizes=f"{GENOME}.chrom.sizes",
        index=f"{GENOME}.fa.fai",
        blacklist=REFERENCE_FILES["blacklist"],
    output:
        peaks="<results>/experiments/{experiment}/peaks.narrowPeak",
        dropped="<results>/experiments/{experiment}/peaks.dropped.tsv",
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
        runtime=growing("30m"),
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
        peaks="<results>/experiments/{experiment}/relaxed_peaks.narrowPeak",
        dropped="<results>/experiments/{experiment}/relaxed_peaks.dropped.tsv",
    log:
        "<logs>/relaxed_peaks/{experiment}.log",
    benchmark:
        "<benchmarks>/relaxed_peaks/{experiment}.tsv"
    params:
        code=code_of("peaks.py"),
        best=lookup("peaks/relaxed", within=config),
