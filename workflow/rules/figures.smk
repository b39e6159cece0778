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
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
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
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
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
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_consistency.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_consistency.py"


rule plot_seeds:
    """Draw which seeds explain example loci alike."""
    input:
        table=f"{COMPARED}/seeds.tsv",
    output:
        svg=report(f"{COMPARED}/seeds.svg", **reported("seeds", "figure")),
        png=f"{COMPARED}/seeds.png",
    log:
        "<logs>/plot_seeds/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_seeds/{condition}/{model}/{comparison}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_seeds.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_seeds.py"


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
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
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
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_motifs.py"),
        head=lambda wildcards: main_head(wildcards.model),
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
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_training.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_training.py"


rule plot_profiles:
    """Draw predicted and observed profiles at the example loci."""
    input:
        table=f"{COMPARED}/profiles.tsv",
        totals=f"{COMPARED}/profiles.totals.tsv",
    output:
        svg=report(f"{COMPARED}/profiles.svg", **reported("profiles", "figure")),
        png=f"{COMPARED}/profiles.png",
    log:
        "<logs>/plot_profiles/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_profiles/{condition}/{model}/{comparison}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_profiles.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_profiles.py"


rule plot_low_pass:
    """Draw filtered attributions against those of the prior."""
    input:
        table=f"{COMPARED}/low_pass.tsv",
        tests=f"{COMPARED}/low_pass.tests.tsv",
    output:
        svg=report(f"{COMPARED}/low_pass.svg", **reported("low_pass", "figure")),
        png=f"{COMPARED}/low_pass.png",
    log:
        "<logs>/plot_low_pass/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_low_pass/{condition}/{model}/{comparison}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_low_pass.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_low_pass.py"


rule plot_composition:
    """Draw how attributions follow GC content."""
    input:
        table=f"{COMPARED}/composition.tsv",
        tests=f"{COMPARED}/composition.tests.tsv",
    output:
        svg=report(f"{COMPARED}/composition.svg", **reported("composition", "figure")),
        png=f"{COMPARED}/composition.png",
    log:
        "<logs>/plot_composition/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_composition/{condition}/{model}/{comparison}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_composition.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_composition.py"


rule plot_footprints:
    """Draw attribution in footprints, motif instances and peaks of other factors."""
    input:
        table=f"{COMPARED}/footprints.tsv",
        curve=f"{COMPARED}/footprints.curve.tsv",
        tests=f"{COMPARED}/footprints.tests.tsv",
    output:
        svg=report(f"{COMPARED}/footprints.svg", **reported("footprints", "figure")),
        png=f"{COMPARED}/footprints.png",
    log:
        "<logs>/plot_footprints/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_footprints/{condition}/{model}/{comparison}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_footprints.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_footprints.py"


rule plot_summits:
    """Draw attribution against summits and peaks."""
    input:
        table=f"{COMPARED}/summits.tsv",
        curve=f"{COMPARED}/summits.curve.tsv",
        tests=f"{COMPARED}/summits.tests.tsv",
    output:
        svg=report(f"{COMPARED}/summits.svg", **reported("summits", "figure")),
        png=f"{COMPARED}/summits.png",
    log:
        "<logs>/plot_summits/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_summits/{condition}/{model}/{comparison}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_summits.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_summits.py"


rule plot_hits:
    """Draw how many peaks hold a motif instance."""
    input:
        table=f"{COMPARED}/hits.tsv",
    output:
        svg=report(f"{COMPARED}/hits.svg", **reported("hits", "figure")),
        png=f"{COMPARED}/hits.png",
    log:
        "<logs>/plot_hits/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/plot_hits/{condition}/{model}/{comparison}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_hits.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/plot_hits.py"


if SITES:

    rule plot_truth:
        """Draw attributions and motif instances against the sites that are known."""
        input:
            table=f"{COMPARED}/truth.tsv",
            hits=f"{COMPARED}/truth.hits.tsv",
        output:
            svg=report(f"{COMPARED}/truth.svg", **reported("truth", "figure")),
            png=f"{COMPARED}/truth.png",
        log:
            "<logs>/plot_truth/{condition}/{model}/{comparison}.log",
        benchmark:
            "<benchmarks>/plot_truth/{condition}/{model}/{comparison}.tsv"
        localrule: DRAWN_HERE
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing("30m"),
        params:
            code=code_of("plot_truth.py"),
            arms=lookup("comparisons/{comparison}", within=config),
        script:
            "../scripts/plot_truth.py"
