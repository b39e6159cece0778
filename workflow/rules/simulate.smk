"""Data whose truth is known: the demo's (`simulate`), and real data with planted sites (`plant`)."""


rule simulate_genome:
    """Draw a genome and plant the motif sites of all conditions in it."""
    output:
        fasta="<resources>/simulated/genome.fa",
        meme="<resources>/simulated/motifs.meme",
        sites=expand("<resources>/simulated/{condition}/sites.bed", condition=GIVEN.simulated),
        tables=expand("<resources>/simulated/{condition}/loci.tsv", condition=GIVEN.simulated),
    log:
        "<logs>/simulate_genome.log",
    benchmark:
        "<benchmarks>/simulate_genome.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "10m"),
    params:
        **calls("simulate.genome.simulate_genome"),
        **block(
            *("simulate", "chromosomes", "motifs", "loci", "missing", "weak", "numbers"),
            *("distance", "gc", "seed"),
        ),
    script:
        "../scripts/call.py"


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
        condition="|".join(GIVEN.simulated),
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(2000, "20m"),
    params:
        **calls("simulate.experiment.simulate_experiment"),
        **block("simulate", "reads_per_locus", "background", "seed"),
    script:
        "../scripts/call.py"


rule simulate_portal:
    """Lay out the simulated files as the ENCODE portal serves experiments and files."""
    input:
        **{
            name.partition(".")[0]: expand(
                f"<resources>/simulated/{{condition}}/{name}", condition=GIVEN.simulated
            )
            for name in (
                *(
                    "replicate_1.bam",
                    "replicate_2.bam",
                    "control.bam",
                    "thresholded.narrowPeak.gz",
                ),
                *("thresholded_replicate.narrowPeak.gz", "relaxed.narrowPeak.gz"),
            )
        },
    output:
        # written last: where it is, the objects and files beside it are whole
        index="<resources>/simulated/portal/index.tsv",
    log:
        "<logs>/simulate_portal.log",
    benchmark:
        "<benchmarks>/simulate_portal.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "10m"),
    params:
        **calls("simulate.portal.simulate_portal"),
        conditions=GIVEN.simulated,
    script:
        "../scripts/call.py"


rule plant:
    """Copy the genome with other sequence at peaks, and the sites of a motif in it."""
    input:
        GIVEN.planted_motif or [],
        fasta=f"{GENOME}.fa",
        index=f"{GENOME}.fa.fai",
        peaks=expand("<results>/experiments/{task}/peaks.narrowPeak", task=PLANTED_TASKS),
    output:
        target="<results>/planted/genome.fa",
        target_index="<results>/planted/genome.fa.fai",
        sites=expand("<results>/planted/{condition}/sites.bed", condition=CONDITIONS),
        meme="<results>/planted/motif.meme",
    log:
        "<logs>/plant.log",
    benchmark:
        "<benchmarks>/plant.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        **needs(4000, "1h"),
    params:
        **calls("simulate.plant.plant"),
        **block("plant", "motif", "gc", "distance", "flank", "seed"),
        conditions=[PROJECT.row(task)["condition"] for task in PLANTED_TASKS],
    script:
        "../scripts/call.py"
