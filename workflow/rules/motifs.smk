"""Motif discovery in attributions and in peaks, and what the motifs resemble."""

HOMER = "<results>/conditions/{condition}/homer"
DATABASES = {
    Path(name).stem if Path(name).is_file() else name: (
        name if Path(name).is_file() else f"<resources>/motifs/{name}.meme"
    )
    for name in config["motifs"]["databases"]
}
for name, path in DATABASES.items():
    if not name.startswith("jaspar_") and not Path(path).is_file():
        raise WorkflowError(
            f"config key 'motifs/databases': '{name}' is neither jaspar_<group> nor a MEME file"
        )


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
        runtime="30m",
    params:
        code=code_of("jaspar.py"),
    script:
        "../scripts/jaspar.py"


rule modisco:
    """Find patterns in attributions, averaged over seeds and folds, with TF-MoDISco."""
    input:
        expand(f"{ARM}/{{fold}}/attributions.h5", fold=FOLDS, allow_missing=True),
    output:
        result=f"{ARM}/motifs/modisco.h5",
        meme=f"{ARM}/motifs/patterns.meme",
    log:
        "<logs>/modisco/{condition}/{model}/{arm}.log",
    benchmark:
        "<benchmarks>/modisco/{condition}/{model}/{arm}.tsv"
    conda:
        "../../envs/motifs.yaml"
    threads: 8
    resources:
        mem_mb=growing(16000),
        runtime="12h",
    params:
        code=code_of("modisco.py"),
        window=lookup("motifs/modisco/window", within=config),
        max_seqlets=lookup("motifs/modisco/max_seqlets", within=config),
        leiden_runs=lookup("motifs/modisco/leiden_runs", within=config),
    script:
        "../scripts/modisco.py"


rule homer_peaks:
    """Write a condition's summits for HOMER."""
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
        runtime="30m",
    params:
        code=code_of("homer_peaks.py"),
    script:
        "../scripts/homer_peaks.py"


rule homer:
    """Find motifs in peaks with HOMER, de novo and known."""
    input:
        peaks=f"{HOMER}/peaks.txt",
        fasta=SEQUENCE,
    output:
        folder=directory(f"{HOMER}/run"),
        de_novo=f"{HOMER}/homerMotifs.all.motifs",
        known=f"{HOMER}/knownResults.txt",
    log:
        "<logs>/homer/{condition}.log",
    benchmark:
        "<benchmarks>/homer/{condition}.tsv"
    conda:
        "../../envs/homer.yaml"
    threads: 8
    resources:
        mem_mb=growing(8000),
        runtime="12h",
    params:
        length=lookup("motifs/homer/length", within=config),
        size=lookup("motifs/homer/size", within=config),
    shell:
        # HOMER exits with 0 after a failed step, so copy what must be there
        "(mkdir -p {output.folder:q} && findMotifsGenome.pl {input.peaks:q} {input.fasta:q}"
        " {output.folder:q} -len {params.length} -size {params.size} -p {threads}"
        " -preparsedDir {output.folder:q}/preparsed"
        " && cp {output.folder:q}/homerMotifs.all.motifs {output.de_novo:q}"
        " && cp {output.folder:q}/knownResults.txt {output.known:q}) > {log:q} 2>&1"


rule homer_meme:
    """Convert HOMER's de novo motifs to MEME."""
    input:
        rules.homer.output.de_novo,
    output:
        f"{HOMER}/homer.meme",
    log:
        "<logs>/homer_meme/{condition}.log",
    benchmark:
        "<benchmarks>/homer_meme/{condition}.tsv"
    conda:
        "../../envs/motifs.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="10m",
    params:
        code=code_of("homer_meme.py"),
    script:
        "../scripts/homer_meme.py"


rule match:
    """Match TF-MoDISco's patterns to databases, and to HOMER's motifs, with Tomtom."""
    input:
        result=rules.modisco.output.result,
        databases=list(DATABASES.values()),
        homer=rules.homer_meme.output if config["motifs"]["homer"]["enabled"] else [],
    output:
        f"{ARM}/motifs/matches.tsv",
    log:
        "<logs>/match/{condition}/{model}/{arm}.log",
    benchmark:
        "<benchmarks>/match/{condition}/{model}/{arm}.tsv"
    conda:
        "../../envs/motifs.yaml"
    threads: 2
    resources:
        mem_mb=growing(4000),
        runtime="1h",
    params:
        code=code_of("match.py"),
        databases=list(DATABASES),
        most=lookup("motifs/matches", within=config),
    script:
        "../scripts/match.py"
