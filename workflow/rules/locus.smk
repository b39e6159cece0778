"""One place of the genome: what lies there, and how all models explain it."""


include: "places.smk"


rule locus:
    """Look at the loci of the config."""
    input:
        loci,


rule find_locus:
    """Check that the genome has a locus."""
    input:
        chrom_sizes=rules.chrom_sizes.output[0],
    output:
        "<results>/loci/{locus}/locus.bed",
    log:
        "<logs>/find_locus/{locus}.log",
    benchmark:
        "<benchmarks>/find_locus/{locus}.tsv"
    # before any long job
    priority: 100
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing("10m"),
    params:
        code=code_of("find_locus.py"),
        locus=locus_text,
    script:
        "../scripts/find_locus.py"


rule look:
    """Attribute and predict a locus with all seeds of an arm."""
    input:
        models=models_at,
        labels=rules.train.input.labels,
        fasta=rules.train.input.fasta,
        # a locus that is not there ends the run here
        found=rules.find_locus.output[0],
    output:
        contributions=CONTRIBUTIONS_AT,
        predictions=PREDICTIONS_AT,
    log:
        "<logs>/look/{locus}/{condition}/{model}/{arm}.log",
    benchmark:
        "<benchmarks>/look/{locus}/{condition}/{model}/{arm}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 2
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=growing(8000),
        runtime=growing("2h"),
    params:
        code=code_with_model("look.py"),
        locus=locus_text,
        fold=fold_at,
        split=split_at,
        seeds=lookup("training/seeds", within=config),
        head=lambda wildcards: main_head(wildcards.model),
        references=lookup("attribution/references", within=config),
        batch_size=untracked("attribution", "batch_size"),
    script:
        "../scripts/look.py"


rule locus_features:
    """Collect the peaks, footprints, sites and motif instances that overlap a locus."""
    input:
        found=rules.find_locus.output[0],
        peaks=task_peaks,
        intervals=lambda wildcards: list(interval_sets(wildcards).values()),
        known=lambda wildcards: (
            [SITES.format(condition=wildcards.condition)] if has_sites(wildcards.condition) else []
        ),
        hits=of_all_arms(f"{ARM}/motifs/{{head}}/hits.bed"),
        sites=of_all_arms(f"{ARM}/motifs/{{head}}/sites.bed"),
    output:
        table=report(f"{LOOKED}/features.tsv", **on_locus("peaks and sites")),
        bed=f"{LOOKED}/features.bed",
    log:
        "<logs>/locus_features/{locus}/{condition}/{model}.log",
    benchmark:
        "<benchmarks>/locus_features/{locus}/{condition}/{model}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("locus_features.py"),
        locus=locus_text,
        tasks=lambda wildcards: tasks(wildcards.condition),
        sets=lambda wildcards: list(interval_sets(wildcards)),
        arms=COMPARED_ARMS,
    script:
        "../scripts/locus_features.py"


rule plot_locus:
    """Draw a locus: features, profiles, contributions and logos of each arm and seed."""
    input:
        contributions=of_all_arms(CONTRIBUTIONS_AT),
        predictions=of_all_arms(PREDICTIONS_AT),
        features=rules.locus_features.output.table,
    output:
        svg=report(f"{LOOKED}/locus.svg", **on_locus("figure")),
        png=f"{LOOKED}/locus.png",
    log:
        "<logs>/plot_locus/{locus}/{condition}/{model}.log",
    benchmark:
        "<benchmarks>/plot_locus/{locus}/{condition}/{model}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_locus.py"),
        locus=locus_text,
        firsts=list(dict.fromkeys(first for first, _ in COMPARISONS.values())),
        flank=lookup("figures/locus_flank", within=config),
    script:
        "../scripts/plot_locus.py"
