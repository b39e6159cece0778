"""Training of all seeds of an arm, and its evaluation on held-out chromosomes."""


rule train:
    """Train all seeds of an arm on a fold; a killed job resumes from its checkpoints."""
    input:
        labels=f"{CONDITION}/labels.h5",
        fold=f"{CONDITION}/folds/{{fold}}.tsv",
        fasta=SEQUENCE,
    output:
        models=expand(f"{ARM}/{{fold}}/seed_{{seed}}/model.pt", seed=SEEDS, allow_missing=True),
        history=f"{ARM}/{{fold}}/history.tsv",
    log:
        "<logs>/train/{condition}/{model}/{arm}/{fold}.log",
    benchmark:
        "<benchmarks>/train/{condition}/{model}/{arm}/{fold}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        **needs(16000, "12h"),
        gpu=1,
        device=DEVICE,
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
        labels=f"{CONDITION}/labels.h5",
        fold=f"{CONDITION}/folds/{{fold}}.tsv",
        fasta=SEQUENCE,
    output:
        table=f"{ARM}/{{fold}}/performance.tsv",
        examples=f"{ARM}/{{fold}}/performance.examples.tsv.gz",
        groups=f"{ARM}/{{fold}}/performance.groups.tsv.gz",
    log:
        "<logs>/evaluate/{condition}/{model}/{arm}/{fold}.log",
    benchmark:
        "<benchmarks>/evaluate/{condition}/{model}/{arm}/{fold}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 2
    resources:
        **needs(16000, "2h"),
        gpu=1,
        device=DEVICE,
    params:
        code=code_with_model("evaluate.py"),
        seeds=lookup("training/seeds", within=config),
    script:
        "../scripts/evaluate.py"
