"""One figure per analysis, drawn from its tables alone."""


rule plot_loci:
    """Draw tracks and logos of contributions at example loci."""
    input:
        table=f"{COMPARED}/loci.tsv",
    output:
        svg=report(f"{COMPARED}/loci.svg", **reported("loci", "figure")),
        png=f"{COMPARED}/loci.png",
    log:
        "<logs>/plot_loci/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_loci/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="30m",
    params:
        code=code_of("plot_loci.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        flank=lookup("figures/locus_flank", within=config),
    script:
        "../scripts/plot_loci.py"


rule plot_spectrum:
    """Draw the spectrum of attributions."""
    input:
        table=f"{COMPARED}/spectrum.tsv",
        curve=f"{COMPARED}/spectrum.curve.tsv",
        tests=f"{COMPARED}/spectrum.tests.tsv",
    output:
        svg=report(f"{COMPARED}/spectrum.svg", **reported("spectrum", "figure")),
        png=f"{COMPARED}/spectrum.png",
    log:
        "<logs>/plot_spectrum/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_spectrum/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="30m",
    params:
        code=code_of("plot_spectrum.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_spectrum.py"


rule plot_consistency:
    """Draw the agreement of attributions between seeds."""
    input:
        table=f"{COMPARED}/consistency.tsv",
        tests=f"{COMPARED}/consistency.tests.tsv",
    output:
        svg=report(f"{COMPARED}/consistency.svg", **reported("consistency", "figure")),
        png=f"{COMPARED}/consistency.png",
    log:
        "<logs>/plot_consistency/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_consistency/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="30m",
    params:
        code=code_of("plot_consistency.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_consistency.py"


rule plot_performance:
    """Draw the performance of both arms."""
    input:
        table=f"{COMPARED}/performance.tsv",
    output:
        svg=report(f"{COMPARED}/performance.svg", **reported("performance", "figure")),
        png=f"{COMPARED}/performance.png",
    log:
        "<logs>/plot_performance/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_performance/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="30m",
    params:
        code=code_of("plot_performance.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_performance.py"


rule plot_motifs:
    """Draw the patterns of both arms side by side."""
    input:
        table=f"{COMPARED}/motifs.tsv",
        cwm=f"{COMPARED}/motifs.cwm.tsv",
    output:
        svg=report(f"{COMPARED}/motifs.svg", **reported("motifs", "figure")),
        png=f"{COMPARED}/motifs.png",
    log:
        "<logs>/plot_motifs/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_motifs/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="30m",
    params:
        code=code_of("plot_motifs.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        rows=lookup("figures/motif_rows", within=config),
    script:
        "../scripts/plot_motifs.py"


rule plot_training:
    """Draw the training of both arms."""
    input:
        table=f"{COMPARED}/training.tsv",
    output:
        svg=report(f"{COMPARED}/training.svg", **reported("training", "figure")),
        png=f"{COMPARED}/training.png",
    log:
        "<logs>/plot_training/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_training/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime="30m",
    params:
        code=code_of("plot_training.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_training.py"


if SITES:

    rule plot_truth:
        """Draw attributions against the sites that are known."""
        input:
            table=f"{COMPARED}/truth.tsv",
        output:
            svg=report(f"{COMPARED}/truth.svg", **reported("truth", "figure")),
            png=f"{COMPARED}/truth.png",
        log:
            "<logs>/plot_truth/{condition}/{model}/{comparison}.log",
        benchmark:
            "<benchmarks>/plot_truth/{condition}/{model}/{comparison}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime="30m",
        params:
            code=code_of("plot_truth.py"),
            arms=lookup("comparisons/{comparison}", within=config),
        script:
            "../scripts/plot_truth.py"
