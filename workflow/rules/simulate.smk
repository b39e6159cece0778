"""The demo's data set, whose truth is known; idle where the config has no `simulate`."""

# a config with real data has no such block, and then no rule here is ever asked for anything
SIMULATED = list(lookup("simulate/motifs", within=config, default={}))


rule simulate_genome:
    """Draw a genome and plant the motif sites of all conditions in it."""
    output:
        fasta="<resources>/simulated/genome.fa",
        meme="<resources>/simulated/motifs.meme",
        sites=expand("<resources>/simulated/{condition}/sites.bed", condition=SIMULATED),
        tables=expand("<resources>/simulated/{condition}/loci.tsv", condition=SIMULATED),
    log:
        "<logs>/simulate_genome.log",
    benchmark:
        "<benchmarks>/simulate_genome.tsv"
    conda:
        "../../envs/simulate.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="10m",
    params:
        code=code_of("simulate_genome.py"),
        chromosomes=lookup("simulate/chromosomes", within=config, default=None),
        motifs=lookup("simulate/motifs", within=config, default=None),
        loci=lookup("simulate/loci", within=config, default=None),
        missing=lookup("simulate/missing", within=config, default=None),
        weak=lookup("simulate/weak", within=config, default=None),
        seed=lookup("simulate/seed", within=config, default=None),
    script:
        "../scripts/simulate_genome.py"


rule simulate_experiment:
    """Draw the unfiltered reads and the peaks of a condition: two replicates and a control."""
    input:
        fasta="<resources>/simulated/genome.fa",
        table="<resources>/simulated/{condition}/loci.tsv",
    output:
        replicates=expand(
            "<resources>/simulated/{{condition}}/replicate_{number}.bam", number=[1, 2]
        ),
        control="<resources>/simulated/{condition}/control.bam",
        thresholded="<resources>/simulated/{condition}/thresholded.narrowPeak.gz",
        thresholded_replicate="<resources>/simulated/{condition}/thresholded_replicate.narrowPeak.gz",
        relaxed="<resources>/simulated/{condition}/relaxed.narrowPeak.gz",
    log:
        "<logs>/simulate_experiment/{condition}.log",
    benchmark:
        "<benchmarks>/simulate_experiment/{condition}.tsv"
    wildcard_constraints:
        condition="|".join(SIMULATED),
    conda:
        "../../envs/simulate.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime="20m",
    params:
        code=code_of("simulate_experiment.py"),
        reads_per_locus=lookup("simulate/reads_per_locus", within=config, default=None),
        background=lookup("simulate/background", within=config, default=None),
        seed=lookup("simulate/seed", within=config, default=None),
    script:
        "../scripts/simulate_experiment.py"


rule simulate_portal:
    """Lay out the simulated files as the ENCODE portal serves experiments and files."""
    input:
        replicate_1=expand("<resources>/simulated/{condition}/replicate_1.bam", condition=SIMULATED),
        replicate_2=expand("<resources>/simulated/{condition}/replicate_2.bam", condition=SIMULATED),
        control=expand("<resources>/simulated/{condition}/control.bam", condition=SIMULATED),
        thresholded=expand(
            "<resources>/simulated/{condition}/thresholded.narrowPeak.gz", condition=SIMULATED
        ),
        thresholded_replicate=expand(
            "<resources>/simulated/{condition}/thresholded_replicate.narrowPeak.gz",
            condition=SIMULATED,
        ),
        relaxed=expand(
            "<resources>/simulated/{condition}/relaxed.narrowPeak.gz", condition=SIMULATED
        ),
    output:
        # written last: where it is, the objects and files beside it are whole
        index="<resources>/simulated/portal/index.tsv",
    log:
        "<logs>/simulate_portal.log",
    benchmark:
        "<benchmarks>/simulate_portal.tsv"
    conda:
        "../../envs/simulate.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime="10m",
    params:
        code=code_of("simulate_portal.py"),
        conditions=SIMULATED,
    script:
        "../scripts/simulate_portal.py"
