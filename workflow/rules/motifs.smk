"""Motif discovery in attributions, and what the motifs resemble."""

DATABASES = {
    **{name: file or f"<resources>/motifs/{name}.meme" for name, file in MOTIF_SETS.items()},
    **HOMER_MOTIFS,
}


rule jaspar:
    """Write a taxonomic group of JASPAR's core motifs as MEME."""
    output:
        "<resources>/motifs/jaspar_{group}.meme",
    log:
        "<logs>/jaspar/{group}.log",
    benchmark:
        "<benchmarks>/jaspar/{group}.tsv"
    wildcard_constraints:
        group="[a-z]+",
    conda:
        "../../envs/motifs.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("jaspar.py"),
    script:
        "../scripts/jaspar.py"


rule modisco:
    """Find patterns in attributions, averaged over seeds and folds, with TF-MoDISco."""
    input:
        rules.average_attributions.output[0],
    output:
        result=f"{ARM}/motifs/{{head}}/modisco.h5",
        meme=f"{ARM}/motifs/{{head}}/patterns.meme",
        seqlets=f"{ARM}/motifs/{{head}}/seqlets.bed",
    log:
        "<logs>/modisco/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/modisco/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/motifs.yaml"
    threads: 8
    resources:
        mem_mb=growing(16000),
        runtime=growing("12h"),
    params:
        code=code_of("modisco.py"),
        window=lookup("motifs/modisco/window", within=config),
        max_seqlets=lookup("motifs/modisco/max_seqlets", within=config),
        leiden_runs=lookup("motifs/modisco/leiden_runs", within=config),
    script:
        "../scripts/modisco.py"


rule modisco_report:
    """Show the patterns of an arm, their seqlets and what they resemble, as modisco-lite does."""
    input:
        result=rules.modisco.output.result,
        databases=list(DATABASES.values()),
    output:
        f"{ARM}/motifs/{{head}}/report/report.html",
    log:
        "<logs>/modisco_report/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/modisco_report/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/motifs.yaml"
    threads: 2
    resources:
        mem_mb=growing(4000),
        runtime=growing("2h"),
    params:
        code=code_of("modisco_report.py"),
        most=lookup("motifs/matches", within=config),
    script:
        "../scripts/modisco_report.py"


rule match:
    """Match TF-MoDISco's patterns to databases, and to HOMER's motifs, with Tomtom."""
    input:
        result=rules.modisco.output.result,
        databases=list(DATABASES.values()),
    output:
        f"{ARM}/motifs/{{head}}/matches.tsv",
    log:
        "<logs>/match/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/match/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/motifs.yaml"
    threads: 2
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("match.py"),
        databases=list(DATABASES),
        most=lookup("motifs/matches", within=config),
    script:
        "../scripts/match.py"
