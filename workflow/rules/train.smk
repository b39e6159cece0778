"""Training of all seeds of an arm, and its evaluation on held-out chromosomes."""

ARM = "<results>/conditions/{condition}/{model}/{arm}"
# a resource, since another device is no reason to train again
DEVICE = config["training"]["device"]


rule train:
    """Train all seeds of an arm on a fold; a killed job goes on from its checkpoints."""
    input:
        labels="<results>/conditions/{condition}/labels.h5",
        fold="<results>/conditions/{condition}/folds/{fold}.tsv",
        fasta=SEQUENCE,
    output:
        models=expand(f"{ARM}/{{fold}}/seed_{{seed}}/model.pt", seed=SEEDS, allow_missing=True),
        history=f"{ARM}/{{fold}}/history.tsv",
    log:
        "<logs>/train/{condition}/{model}/{arm}/{fold}.log",
    benchmark:
        "<benchmarks>/train/{condition}/{model}/{arm}/{fold}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 4
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=growing(16000),
        runtime=growing("12h"),
    params:
        code=code_with_model("train.py"),
        settings=arm_settings,
        seeds=lookup("training/seeds", within=config),
        together=untracked("training", "seeds_together"),
    script:
        "../scripts/train.py"


rule evaluate:
    """Measure predictions of all seeds on validation and test chromosomes."""
    input:
        models=rules.train.output.models,
        labels=rules.train.input.labels,
        fold=rules.train.input.fold,
        fasta=rules.train.input.fasta,
    output:
        table=f"{ARM}/{{fold}}/performance.tsv",
        examples=f"{ARM}/{{fold}}/performance.examples.tsv.gz",
        groups=f"{ARM}/{{fold}}/performance.groups.tsv.gz",
    log:
        "<logs>/evaluate/{condition}/{model}/{arm}/{fold}.log",
    benchmark:
        "<benchmarks>/evaluate/{condition}/{model}/{arm}/{fold}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 2
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=growing(16000),
        runtime=growing("2h"),
    params:
        code=code_with_model("evaluate.py"),
        seeds=lookup("training/seeds", within=config),
    script:
        "../scripts/evaluate.py"
