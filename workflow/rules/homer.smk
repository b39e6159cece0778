"""HOMER's motifs, de novo and known, in the training peaks of a condition."""

from attprior.motifs.formats import HOMER_SETS, check_format, motif_sets

HOMER = "<results>/conditions/{condition}/homer"
# peaks on these are not looked at; what HOMER finds may then be held against any fold's test
HELD_OUT = sorted(
    {chrom for fold in config["training"]["folds"].values() for chrom in fold["test"]}
)
SAMPLED = config["motifs"]["homer"]["background"] == "sampled"
# what the sampler of training reads, in the first model
SAMPLER = settings.as_text(
    {
        key: value
        for key, value in resolved(MODELS[0]).items()
        if key
        in (
            *("architecture", "input_length", "profile_length", "peaks", "jitter", "tile_stride"),
            *("negatives_per_positive", "match_gc", "max_unknown"),
        )
    }
)
HOMER_MOTIFS = (
    dict(zip(HOMER_SETS, [f"{HOMER}/de_novo.meme", f"{HOMER}/known.meme"]))
    if config["motifs"]["homer"]["enabled"]
    else {}
)
try:
    MOTIF_SETS = motif_sets(config["motifs"]["databases"])
    if config["motifs"]["homer"]["known_motifs"]:
        key = "config key 'motifs/homer/known_motifs'"
        check_format(key, config["motifs"]["homer"]["known_motifs"], "homer")
except InputError as error:
    raise WorkflowError(str(error)) from None


rule homer_peaks:
    """Write a condition's summits for HOMER, those on chromosomes that no fold tests on."""
    input:
        "<results>/conditions/{condition}/labels.h5",
    output:
        f"{HOMER}/peaks.txt",
    log:
        "<logs>/homer_peaks/{condition}.log",
    benchmark:
        "<benchmarks>/homer_peaks/{condition}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("30m"),
    params:
        code=code_of("homer_peaks.py"),
        test=HELD_OUT,
        peaks=lambda wildcards: config["motifs"]["homer"]["peaks"],
    script:
        "../scripts/homer_peaks.py"


rule homer_background:
    """Draw a background for HOMER as the negatives of training are drawn."""
    input:
        labels="<results>/conditions/{condition}/labels.h5",
        fasta=SEQUENCE,
    output:
        f"{HOMER}/background.txt",
    log:
        "<logs>/homer_background/{condition}.log",
    benchmark:
        "<benchmarks>/homer_background/{condition}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing("1h"),
    params:
        code=code_of("homer_background.py"),
        settings=SAMPLER,
        test=HELD_OUT,
        seed=lookup("motifs/homer/seed", within=config),
        sequences=lambda wildcards: config["motifs"]["homer"]["background_sequences"],
        peaks=lambda wildcards: config["motifs"]["homer"]["peaks"],
    script:
        "../scripts/homer_background.py"


rule homer:
    """Find motifs in peaks with HOMER, de novo and known."""
    input:
        peaks=f"{HOMER}/peaks.txt",
        fasta=SEQUENCE,
        background=f"{HOMER}/background.txt" if SAMPLED else [],
        known=config["motifs"]["homer"]["known_motifs"] or [],
    output:
        directory(f"{HOMER}/run"),
    log:
        "<logs>/homer/{condition}.log",
    benchmark:
        "<benchmarks>/homer/{condition}.tsv"
    conda:
        "../../envs/homer.yaml"
    threads: 8
    resources:
        mem_mb=growing(8000),
        runtime=growing("12h"),
    params:
        code=code_of("homer.py"),
        length=lookup("motifs/homer/length", within=config),
        size=lookup("motifs/homer/size", within=config),
        sequences=lambda wildcards: config["motifs"]["homer"]["background_sequences"],
        motif_set=lambda wildcards: config["motifs"]["homer"]["set"],
    script:
        "../scripts/homer.py"


rule homer_motifs:
    """Write HOMER's motifs as a table, and those that are enriched as MEME."""
    input:
        rules.homer.output[0],
    output:
        table=report(
            f"{HOMER}/homer.tsv",
            **reported_of(["condition"], "homer", "table", "../report/homer.rst"),
        ),
        de_novo=f"{HOMER}/de_novo.meme",
        known=f"{HOMER}/known.meme",
    log:
        "<logs>/homer_motifs/{condition}.log",
    benchmark:
        "<benchmarks>/homer_motifs/{condition}.tsv"
    conda:
        "../../envs/motifs.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("10m"),
    params:
        code=code_of("homer_motifs.py"),
    script:
        "../scripts/homer_motifs.py"
