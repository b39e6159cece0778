"""Quality control of experiments."""


rule qc:
    """Tell whether an experiment is usable: reads kept, duplicates, strands, reads in peaks."""
    input:
        bam=alignments_of,
        reads="<results>/experiments/{experiment}/reads.bam",
        index="<results>/experiments/{experiment}/reads.bam.bai",
        chrom_sizes=f"{GENOME}.chrom.sizes",
        peaks=checked_peaks,
    output:
        report(
            "<results>/experiments/{experiment}/qc.tsv",
            caption="../report/qc.rst",
            category="Quality control",
            labels={"experiment": "{experiment}"},
        ),
    log:
        "<logs>/qc/{experiment}.log",
    benchmark:
        "<benchmarks>/qc/{experiment}.tsv"
    conda:
        "../../envs/reads.yaml"
    threads: 2
    resources:
        mem_mb=growing(1000),
        runtime="1h",
    params:
        code=code_of("qc.py"),
    script:
        "../scripts/qc.py"
