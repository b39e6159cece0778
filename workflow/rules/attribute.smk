"""Which bases a model uses."""


include: "heads.smk"


ATTRIBUTIONS = f"{ARM}/{{fold}}/attributions/{{head}}.h5"


rule attribute:
    """Attribute peaks with DeepSHAP, and sampled test peaks with other methods too.

    A killed job goes on from the parts that it finished.
    """
    input:
        models=rules.train.output.models,
        labels=rules.train.input.labels,
        fold=rules.train.input.fold,
        fasta=rules.train.input.fasta,
    output:
        attributions=ATTRIBUTIONS,
        deltas=report(
            f"{ARM}/{{fold}}/attributions/{{head}}.deltas.tsv",
            **reported_of(
                ["arm", "model", "condition", "fold"],
                "attributions",
                "{head}",
                "../report/deltas.rst",
            ),
        ),
    log:
        "<logs>/attribute/{condition}/{model}/{arm}/{fold}/{head}.log",
    benchmark:
        "<benchmarks>/attribute/{condition}/{model}/{arm}/{fold}/{head}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 2
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=growing(16000),
        runtime=growing("12h"),
    params:
        code=code_with_model("attribute.py"),
        seeds=lookup("training/seeds", within=config),
        references=lookup("attribution/references", within=config),
        peaks=lambda wildcards: config["attribution"]["peaks"],
        sample=lookup("attribution/sample", within=config),
        ism=lookup("attribution/ism", within=config),
        batch_size=untracked("attribution", "batch_size"),
    script:
        "../scripts/attribute.py"


rule average_attributions:
    """Average the attributions of the best peaks over folds, as motif tools read them."""
    input:
        expand(ATTRIBUTIONS, fold=FOLDS, allow_missing=True),
    output:
        f"{ARM}/attributions/{{head}}.h5",
    log:
        "<logs>/average_attributions/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/average_attributions/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("2h"),
    params:
        code=code_of("average_attributions.py"),
    script:
        "../scripts/average_attributions.py"


rule contributions:
    """Write contributions, averaged over seeds and folds, as a bigWig for a browser."""
    input:
        attributions=rules.average_attributions.output[0],
        chrom_sizes=rules.chrom_sizes.output[0],
    output:
        f"{ARM}/attributions/{{head}}.bw",
    log:
        "<logs>/contributions/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/contributions/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("2h"),
    params:
        code=code_of("contributions.py"),
    script:
        "../scripts/contributions.py"
