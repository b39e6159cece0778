"""One place of the genome: what lies there, and how all models explain it."""


rule locus:
    """Look at the loci of the config."""
    input:
        loci,


rule find_locus:
    """Check that the genome has a locus."""
    input:
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        "<results>/loci/{locus}/locus.bed",
    log:
        "<logs>/find_locus/{locus}.log",
    benchmark:
        "<benchmarks>/find_locus/{locus}.tsv"
    # before any long job
    priority: 100
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "10m"),
    params:
        code=code_of("find_locus.py"),
        locus=lambda wildcards: str(LOCI[wildcards.locus]),
    script:
        "../scripts/find_locus.py"


rule attribute_locus:
    """Attribute and predict a locus with all seeds of an arm."""
    input:
        models=lambda wildcards: expand(
            f"{ARM}/{{fold}}/seed_{{seed}}/model.pt",
            fold=PROJECT.fold(LOCI[wildcards.locus]),
            seed=SEEDS,
            allow_missing=True,
        ),
        labels=f"{CONDITION}/labels.h5",
        fasta=SEQUENCE,
        # a locus that is not there ends the run here
        found="<results>/loci/{locus}/locus.bed",
    output:
        contributions=f"{LOOKED}/{{arm}}/contributions.tsv",
        predictions=f"{LOOKED}/{{arm}}/predictions.tsv",
    log:
        "<logs>/attribute_locus/{locus}/{condition}/{model}/{arm}.log",
    benchmark:
        "<benchmarks>/attribute_locus/{locus}/{condition}/{model}/{arm}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 2
    resources:
        **needs(8000, "2h"),
        gpu=1,
        device=DEVICE,
    params:
        code=code_with_model("attribute_locus.py"),
        locus=lambda wildcards: str(LOCI[wildcards.locus]),
        fold=lambda wildcards: PROJECT.fold(LOCI[wildcards.locus]),
        split=lambda wildcards: PROJECT.split(
            PROJECT.fold(LOCI[wildcards.locus]), LOCI[wildcards.locus]
        ),
        seeds=lookup("training/seeds", within=config),
        head=main_head,
        references=lookup("attribution/references", within=config),
        batch_size=untracked("attribution", "batch_size"),
    script:
        "../scripts/attribute_locus.py"


rule locus_features:
    """Collect the peaks, footprints, sites and motif instances that overlap a locus."""
    input:
        found="<results>/loci/{locus}/locus.bed",
        peaks=task_peaks,
        intervals=lambda wildcards: list(GIVEN.interval_sets(wildcards.condition).values()),
        known=lambda wildcards: GIVEN.known_sites(wildcards.condition),
        hits=of_arms(f"{ARM}/motifs/{{head}}/hits.bed", PROJECT.arms),
        sites=of_arms(f"{ARM}/motifs/{{head}}/sites.bed", PROJECT.arms),
    output:
        table=report(f"{LOOKED}/features.tsv", **on_locus("peaks and sites")),
        bed=f"{LOOKED}/features.bed",
    log:
        "<logs>/locus_features/{locus}/{condition}/{model}.log",
    benchmark:
        "<benchmarks>/locus_features/{locus}/{condition}/{model}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "30m"),
    params:
        code=code_of("locus_features.py"),
        locus=lambda wildcards: str(LOCI[wildcards.locus]),
        tasks=lambda wildcards: PROJECT.tasks(wildcards.condition),
        sets=lambda wildcards: list(GIVEN.interval_sets(wildcards.condition)),
        arms=PROJECT.arms,
    script:
        "../scripts/locus_features.py"


rule plot_locus:
    """Draw a locus: features, profiles, contributions and logos of each arm and seed."""
    input:
        contributions=of_arms(f"{LOOKED}/{{arm}}/contributions.tsv", PROJECT.arms),
        predictions=of_arms(f"{LOOKED}/{{arm}}/predictions.tsv", PROJECT.arms),
        features=f"{LOOKED}/features.tsv",
    output:
        svg=report(f"{LOOKED}/locus.svg", **on_locus("figure")),
        png=f"{LOOKED}/locus.png",
    log:
        "<logs>/plot_locus/{locus}/{condition}/{model}.log",
    benchmark:
        "<benchmarks>/plot_locus/{locus}/{condition}/{model}.tsv"
    localrule: PLOTS_ARE_LOCAL
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(2000, "30m"),
    params:
        **draws("plotting.locus.plot_locus"),
        locus=lambda wildcards: str(LOCI[wildcards.locus]),
        of=lambda wildcards: f"{wildcards.condition}, model {wildcards.model}",
        firsts=list(dict.fromkeys(first for first, _ in COMPARISONS.values())),
        flank=lookup("figures/locus_flank", within=config),
    script:
        "../scripts/plot.py"
