"""Motifs: HOMER's in peaks, TF-MoDISco's in attributions, what these resemble, and their instances."""

# HOMER does not look at peaks on these; what it finds may then be compared with any fold's test
HELD_OUT = sorted(
    {chrom for fold in config["training"]["folds"].values() for chrom in fold["test"]}
)


rule homer_peaks:
    """Write a condition's summits for HOMER, those on chromosomes that no fold tests on."""
    input:
        labels=f"{CONDITION}/labels.h5",
    output:
        output=f"{HOMER}/peaks.txt",
    log:
        "<logs>/homer_peaks/{condition}.log",
    benchmark:
        "<benchmarks>/homer_peaks/{condition}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        **needs(4000, "30m"),
    params:
        **calls("motifs.homer_peaks.write_homer_peaks"),
        **block("motifs/homer", "peaks"),
        test=HELD_OUT,
    script:
        "../scripts/call.py"


rule homer_background:
    """Draw a background for HOMER as the negatives of training are drawn."""
    input:
        labels=f"{CONDITION}/labels.h5",
        fasta=SEQUENCE,
    output:
        output=f"{HOMER}/background.txt",
    log:
        "<logs>/homer_background/{condition}.log",
    benchmark:
        "<benchmarks>/homer_background/{condition}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        **needs(8000, "1h"),
    params:
        **calls("motifs.homer_peaks.write_homer_background"),
        # what the sampler of training reads, in the first model
        **block("motifs/homer", "peaks"),
        settings=settings.as_text(
            {
                key: value
                for key, value in PROJECT.settings(MODELS[0]).items()
                if key
                in (
                    *("architecture", "input_length", "profile_length", "peaks", "jitter"),
                    *("tile_stride", "negatives_per_positive", "match_gc", "max_unknown"),
                )
            }
        ),
        test=HELD_OUT,
        seed=lookup("motifs/homer/seed", within=config),
        sequences=config["motifs"]["homer"]["background_sequences"],
    script:
        "../scripts/call.py"


rule homer:
    """Find motifs in peaks with HOMER, de novo and known."""
    input:
        peaks=f"{HOMER}/peaks.txt",
        fasta=SEQUENCE,
        background=(
            f"{HOMER}/background.txt"
            if config["motifs"]["homer"]["background"] == "sampled"
            else []
        ),
        known_motifs=config["motifs"]["homer"]["known_motifs"] or [],
    output:
        folder=directory(f"{HOMER}/run"),
    log:
        "<logs>/homer/{condition}.log",
    benchmark:
        "<benchmarks>/homer/{condition}.tsv"
    conda:
        "../../envs/homer.yaml"
    threads: 8
    resources:
        **needs(8000, "12h"),
    params:
        **calls("motifs.homer_run.run_homer"),
        **block("motifs/homer", "length", "size"),
        background_sequences=config["motifs"]["homer"]["background_sequences"],
        motif_set=config["motifs"]["homer"]["set"],
    script:
        "../scripts/call.py"


rule homer_motifs:
    """Write HOMER's motifs as a table, and those that are enriched as MEME."""
    input:
        folder=f"{HOMER}/run",
    output:
        table=report(
            f"{HOMER}/homer.tsv",
            **reported(["condition"], "homer", "table", "../report/homer.rst"),
        ),
        de_novo=f"{HOMER}/de_novo.meme",
        known=f"{HOMER}/known.meme",
    log:
        "<logs>/homer_motifs/{condition}.log",
    benchmark:
        "<benchmarks>/homer_motifs/{condition}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "10m"),
    params:
        **calls("motifs.homer.write_results"),
    script:
        "../scripts/call.py"


rule jaspar:
    """Write a taxonomic group of JASPAR's core motifs as MEME."""
    output:
        path="<resources>/motifs/jaspar_{group}.meme",
    log:
        "<logs>/jaspar/{group}.log",
    benchmark:
        "<benchmarks>/jaspar/{group}.tsv"
    wildcard_constraints:
        group="[a-z]+",
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "30m"),
    params:
        **calls("motifs.database.write_jaspar"),
    script:
        "../scripts/call.py"


rule modisco:
    """Find patterns in attributions, averaged over seeds and folds, with TF-MoDISco."""
    input:
        attributions=f"{ARM}/attributions/{{head}}.h5",
    output:
        result=f"{ARM}/motifs/{{head}}/modisco.h5",
        meme=f"{ARM}/motifs/{{head}}/patterns.meme",
        seqlets=f"{ARM}/motifs/{{head}}/seqlets.bed",
    log:
        "<logs>/modisco/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/modisco/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/library.yaml"
    threads: 8
    resources:
        **needs(16000, "12h"),
    params:
        **calls("motifs.discovery.discover"),
        **block("motifs/modisco", "window", "max_seqlets", "leiden_runs"),
    script:
        "../scripts/call.py"


rule modisco_report:
    """Show the patterns of an arm, their seqlets and what they resemble, as modisco-lite does."""
    input:
        result=f"{ARM}/motifs/{{head}}/modisco.h5",
        databases=list(DATABASES.values()),
    output:
        output=f"{ARM}/motifs/{{head}}/report/report.html",
    log:
        "<logs>/modisco_report/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/modisco_report/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/library.yaml"
    threads: 2
    resources:
        **needs(4000, "2h"),
    params:
        **calls("motifs.report.write_report"),
        most=lookup("motifs/matches", within=config),
        title=lambda wildcards: ", ".join(wildcards),
    script:
        "../scripts/call.py"


rule match:
    """Match TF-MoDISco's patterns to databases, and to HOMER's motifs, with Tomtom."""
    input:
        result=f"{ARM}/motifs/{{head}}/modisco.h5",
        databases=list(DATABASES.values()),
    output:
        f"{ARM}/motifs/{{head}}/matches.tsv",
    log:
        "<logs>/match/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/match/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/library.yaml"
    threads: 2
    resources:
        **needs(4000, "1h"),
    params:
        code=code_of("match.py"),
        databases=list(DATABASES),
        most=lookup("motifs/matches", within=config),
    script:
        "../scripts/match.py"


rule hits:
    """Find the patterns of an arm in its contributions, with Fi-NeMo."""
    input:
        attributions=f"{ARM}/attributions/{{head}}.h5",
        result=f"{ARM}/motifs/{{head}}/modisco.h5",
        matches=f"{ARM}/motifs/{{head}}/matches.tsv",
    output:
        table=f"{ARM}/motifs/{{head}}/hits.tsv",
        bed=f"{ARM}/motifs/{{head}}/hits.bed",
    log:
        "<logs>/hits/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/hits/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 2
    resources:
        **needs(8000, "6h"),
        gpu=1,
        device=DEVICE,
    params:
        **calls("motifs.hits.call_hits"),
        window=lookup("motifs/modisco/window", within=config),
        penalty=lookup("motifs/hits/lambda", within=config),
    script:
        "../scripts/call.py"


rule sites:
    """Find the patterns of an arm in the sequences of its peaks, with FIMO."""
    input:
        attributions=f"{ARM}/attributions/{{head}}.h5",
        result=f"{ARM}/motifs/{{head}}/modisco.h5",
        matches=f"{ARM}/motifs/{{head}}/matches.tsv",
    output:
        table=f"{ARM}/motifs/{{head}}/sites.tsv",
        bed=f"{ARM}/motifs/{{head}}/sites.bed",
    log:
        "<logs>/sites/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/sites/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 2
    resources:
        **needs(8000, "2h"),
    params:
        **calls("motifs.hits.scan_sites"),
        window=lookup("motifs/modisco/window", within=config),
        p_value=lookup("motifs/hits/p_value", within=config),
    script:
        "../scripts/call.py"
