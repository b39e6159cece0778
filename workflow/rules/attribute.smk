"""Which bases a model uses."""


rule attribute:
    """Attribute peaks with DeepSHAP, and sampled test peaks with input gradients too."""
    input:
        models=rules.train.output.models,
        labels=rules.train.input.labels,
        fold=rules.train.input.fold,
        fasta=rules.train.input.fasta,
    output:
        f"{ARM}/{{fold}}/attributions.h5",
    log:
        "<logs>/attribute/{condition}/{model}/{arm}/{fold}.log",
    benchmark:
        "<benchmarks>/attribute/{condition}/{model}/{arm}/{fold}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 2
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=growing(16000),
        runtime="12h",
    params:
        code=code_with_model("attribute.py"),
        seeds=lookup("training/seeds", within=config),
        references=lookup("attribution/references", within=config),
        peaks=lambda wildcards: config["attribution"]["peaks"],
        sample=lookup("attribution/sample", within=config),
        batch_size=lookup("attribution/batch_size", within=config),
    script:
        "../scripts/attribute.py"
