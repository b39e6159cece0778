"""One table per analysis of a comparison, from what was trained and attributed."""


include: "comparisons.smk"


rule analyse_loci:
    """Tabulate contributions at example loci, base by base."""
    input:
        attributions=of_arms("{fold}/attributions.h5"),
    output:
        table=f"{COMPARED}/loci.tsv",
    log:
        "<logs>/analyse_loci/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_loci/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime="1h",
    params:
        code=code_of("analyse_loci.py"),
        loci=lookup("figures/loci", within=config),
        seeds=lookup("figures/locus_seeds", within=config),
    script:
        "../scripts/analyse_loci.py"


rule analyse_spectrum:
    """Measure high-frequency share and entropy of attributions, per example."""
    input:
        attributions=of_arms("{fold}/attributions.h5"),
    output:
        table=f"{COMPARED}/spectrum.tsv",
        curve=f"{COMPARED}/spectrum.curve.tsv",
        tests=report(f"{COMPARED}/spectrum.tests.tsv", **reported("spectrum", "tests")),
    log:
        "<logs>/analyse_spectrum/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_spectrum/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime="1h",
    params:
        code=code_of("analyse_spectrum.py"),
        freq_limit=model_setting("prior", "freq_limit"),
        smooth_sigma=model_setting("prior", "smooth_sigma"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/analyse_spectrum.py"


rule analyse_consistency:
    """Measure how alike the seeds of an arm explain an example."""
    input:
        attributions=of_arms("{fold}/attributions.h5"),
    output:
        table=f"{COMPARED}/consistency.tsv",
        tests=report(f"{COMPARED}/consistency.tests.tsv", **reported("consistency", "tests")),
    log:
        "<logs>/analyse_consistency/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_consistency/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime="1h",
    params:
        code=code_of("analyse_consistency.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        seed=lookup("figures/seed", within=config),
    script:
        "../scripts/analyse_consistency.py"


rule analyse_performance:
    """Collect the performance of both arms, and test their difference."""
    input:
        performance=of_arms("{fold}/performance.tsv"),
    output:
        table=f"{COMPARED}/performance.tsv",
        tests=report(f"{COMPARED}/performance.tests.tsv", **reported("performance", "tests")),
    log:
        "<logs>/analyse_performance/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_performance/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="1h",
    params:
        code=code_of("analyse_performance.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        folds=FOLDS,
    script:
        "../scripts/analyse_performance.py"


rule analyse_training:
    """Collect the training histories of both arms."""
    input:
        history=of_arms("{fold}/history.tsv"),
    output:
        table=f"{COMPARED}/training.tsv",
    log:
        "<logs>/analyse_training/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_training/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="1h",
    params:
        code=code_of("analyse_training.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        folds=FOLDS,
    script:
        "../scripts/analyse_training.py"


rule analyse_motifs:
    """Put the TF-MoDISco patterns of both arms side by side."""
    input:
        matches=of_arms("motifs/matches.tsv"),
        modisco=of_arms("motifs/modisco.h5"),
    output:
        table=report(f"{COMPARED}/motifs.tsv", **reported("motifs", "table")),
        cwm=f"{COMPARED}/motifs.cwm.tsv",
    log:
        "<logs>/analyse_motifs/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_motifs/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="1h",
    params:
        code=code_of("analyse_motifs.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/analyse_motifs.py"


if SITES:

    rule analyse_truth:
        """Compare attributions and patterns with the sites that are known."""
        input:
            attributions=of_arms("{fold}/attributions.h5"),
            patterns=of_arms("motifs/patterns.meme"),
            sites=SITES,
            motifs=MOTIFS or [],
        output:
            table=f"{COMPARED}/truth.tsv",
            tests=report(f"{COMPARED}/truth.tests.tsv", **reported("truth", "tests")),
            motifs=report(f"{COMPARED}/truth.motifs.tsv", **reported("truth", "motifs")),
        log:
            "<logs>/analyse_truth/{condition}/{model}/{comparison}.log",
        benchmark:
            "<benchmarks>/analyse_truth/{condition}/{model}/{comparison}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(4000),
            runtime="1h",
        params:
            code=code_of("analyse_truth.py"),
            arms=lookup("comparisons/{comparison}", within=config),
        script:
            "../scripts/analyse_truth.py"
