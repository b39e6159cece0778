"""Data whose truth is known: the demo's (`simulate`), and real data with planted sites (`plant`)."""

import re

# a config without these blocks asks no rule here for anything
SIMULATED = list(lookup("simulate/motifs", within=config, default={}))
PLANTED = "<results>/planted" if "plant" in config else ""
PLANTED_TASKS = [task for condition in CONDITIONS for task in tasks(condition)]
PLANTED_MOTIF = lookup("plant/motif", within=config, default="")
PLANTED_MATRIX = re.fullmatch(r"MA\d{4}\.\d+", PLANTED_MOTIF)
if PLANTED and not PLANTED_MATRIX and not Path(PLANTED_MOTIF).is_file():
    raise WorkflowError(
        f"config key 'plant/motif': '{PLANTED_MOTIF}' is neither a JASPAR matrix, such as "
        "MA0080.7, nor a MEME file that is there"
    )
# what models read
SEQUENCE = f"{PLANTED}/genome.fa" if PLANTED else f"{GENOME}.fa"


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
        runtime=growing("10m"),
    params:
        code=code_of("simulate_genome.py"),
        chromosomes=lookup("simulate/chromosomes", within=config, default=None),
        motifs=lookup("simulate/motifs", within=config, default=None),
        loci=lookup("simulate/loci", within=config, default=None),
        missing=lookup("simulate/missing", within=config, default=None),
        weak=lookup("simulate/weak", within=config, default=None),
        numbers=lookup("simulate/numbers", within=config, default=None),
        distance=lookup("simulate/distance", within=config, default=None),
        gc=lookup("simulate/gc", within=config, default=None),
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
        runtime=growing("20m"),
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
        runtime=growing("10m"),
    params:
        code=code_of("simulate_portal.py"),
        conditions=SIMULATED,
    script:
        "../scripts/simulate_portal.py"


rule plant:
    """Copy the genome with other sequence at peaks, and the sites of a motif in it."""
    input:
        fasta=f"{GENOME}.fa",
        index=f"{GENOME}.fa.fai",
        peaks=expand("<results>/experiments/{task}/peaks.narrowPeak", task=PLANTED_TASKS),
        motif=[] if PLANTED_MATRIX or not PLANTED else PLANTED_MOTIF,
    output:
        fasta="<results>/planted/genome.fa",
        index="<results>/planted/genome.fa.fai",
        sites=expand("<results>/planted/{condition}/sites.bed", condition=CONDITIONS),
        meme="<results>/planted/motif.meme",
    log:
        "<logs>/plant.log",
    benchmark:
        "<benchmarks>/plant.tsv"
    conda:
        "../../envs/plant.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("plant.py"),
        conditions=[row(task)["condition"] for task in PLANTED_TASKS],
        motif=lookup("plant/motif", within=config, default=None),
        gc=lookup("plant/gc", within=config, default=None),
        distance=lookup("plant/distance", within=config, default=None),
        flank=lookup("plant/flank", within=config, default=None),
        seed=lookup("plant/seed", within=config, default=None),
    script:
        "../scripts/plant.py"
