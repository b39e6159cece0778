"""Which bases a model uses."""


rule attribute:
    """Attribute peaks with DeepSHAP, and sampled test peaks with other methods too.

    A killed job resumes after the parts that it finished.
    """
    input:
        models=rules.train.output.models,
        labels=f"{CONDITION}/labels.h5",
        fold=f"{CONDITION}/folds/{{fold}}.tsv",
        fasta=SEQUENCE,
    output:
        attributions=f"{ARM}/{{fold}}/attributions/{{head}}.h5",
        deltas=report(
            f"{ARM}/{{fold}}/attributions/{{head}}.deltas.tsv",
            **reported(
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
        "../../envs/torch.yaml"
    threads: 2
    resources:
        **needs(16000, "12h"),
        gpu=1,
        device=DEVICE,
    params:
        **block("attribution", "references", "peaks", "sample", "ism"),
        code=code_with_model("attribute.py"),
        seeds=lookup("training/seeds", within=config),
        batch_size=untracked("attribution", "batch_size"),
    script:
        "../scripts/attribute.py"


rule average_attributions:
    """Average the attributions of the best peaks over folds, as motif tools read them."""
    input:
        paths=expand(f"{ARM}/{{fold}}/attributions/{{head}}.h5", fold=FOLDS, allow_missing=True),
    output:
        output=f"{ARM}/attributions/{{head}}.h5",
    log:
        "<logs>/average_attributions/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/average_attributions/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(2000, "2h"),
    params:
        **calls("attribution.average.average"),
    script:
        "../scripts/call.py"


rule contributions:
    """Write contributions, averaged over seeds and folds, as a bigWig for a browser."""
    input:
        attributions=f"{ARM}/attributions/{{head}}.h5",
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        output=f"{ARM}/attributions/{{head}}.bw",
    log:
        "<logs>/contributions/{condition}/{model}/{arm}/{head}.log",
    benchmark:
        "<benchmarks>/contributions/{condition}/{model}/{arm}/{head}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(4000, "2h"),
    params:
        **calls("attribution.average.write_bigwig"),
    script:
        "../scripts/call.py"
