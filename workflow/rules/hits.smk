"""Motif instances in every attributed peak, from contributions and from sequence."""


rule hits:
    """Find the patterns of an arm in its contributions, with Fi-NeMo."""
    input:
        attributions=rules.average_attributions.output[0],
        result=rules.modisco.output.result,
        matches=rules.match.output[0],
    output:
        table=f"{ARM}/motifs/{{head}}/hits.tsv",
        bed=f"{ARM}/motifs/{{head}}/hits.bed",
    log:
        "<logs>/hits/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/hits/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/hits.yaml"
    threads: 2
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=growing(8000),
        runtime=growing("6h"),
    params:
        code=code_of("hits.py"),
        window=lookup("motifs/modisco/window", within=config),
        penalty=lookup("motifs/hits/lambda", within=config),
    script:
        "../scripts/hits.py"


rule sites:
    """Find the patterns of an arm in the sequences of its peaks, with FIMO."""
    input:
        attributions=rules.average_attributions.output[0],
        result=rules.modisco.output.result,
        matches=rules.match.output[0],
    output:
        table=f"{ARM}/motifs/{{head}}/sites.tsv",
        bed=f"{ARM}/motifs/{{head}}/sites.bed",
    log:
        "<logs>/sites/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/sites/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/hits.yaml"
    threads: 2
    resources:
        mem_mb=growing(8000),
        runtime=growing("2h"),
    params:
        code=code_of("sites.py"),
        window=lookup("motifs/modisco/window", within=config),
        p_value=lookup("motifs/hits/p_value", within=config),
    script:
        "../scripts/sites.py"
