"""One table per analysis of a comparison, from what was trained and attributed."""


include: "comparisons.smk"


rule analyse_loci:
    """Tabulate contributions at example loci, base by base."""
    input:
        attributions=of_arms("{fold}/attributions/{head}.h5"),
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
        runtime=growing("1h"),
    params:
        code=code_of("analyse_loci.py"),
        loci=lookup("figures/loci", within=config),
        seeds=lookup("figures/locus_seeds", within=config),
    script:
        "../scripts/analyse_loci.py"


rule analyse_spectrum:
    """Measure high-frequency share and entropy of attributions, per example."""
    input:
        attributions=of_arms("{fold}/attributions/{head}.h5"),
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
        runtime=growing("1h"),
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
        attributions=of_arms("{fold}/attributions/{head}.h5"),
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
        runtime=growing("1h"),
    params:
        code=code_of("analyse_consistency.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        seed=lookup("figures/seed", within=config),
    script:
        "../scripts/analyse_consistency.py"


rule analyse_seeds:
    """Cluster the seeds of both arms by how they explain example loci."""
    input:
        attributions=of_arms("{fold}/attributions/{head}.h5"),
    output:
        table=report(f"{COMPARED}/seeds.tsv", **reported("seeds", "table")),
    log:
        "<logs>/analyse_seeds/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_seeds/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("analyse_seeds.py"),
        loci=lookup("figures/loci", within=config),
    script:
        "../scripts/analyse_seeds.py"


rule analyse_performance:
    """Collect the performance of both arms, and test their difference."""
    input:
        performance=of_arms("{fold}/performance.tsv"),
        groups=of_arms("{fold}/performance.groups.tsv.gz"),
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
        runtime=growing("1h"),
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
        runtime=growing("1h"),
    params:
        code=code_of("analyse_training.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        folds=FOLDS,
    script:
        "../scripts/analyse_training.py"


rule analyse_motifs:
    """Put the TF-MoDISco patterns of both arms side by side."""
    input:
        matches=of_arms("motifs/{head}/matches.tsv"),
        modisco=of_arms("motifs/{head}/modisco.h5"),
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
        runtime=growing("1h"),
    params:
        code=code_of("analyse_motifs.py"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/analyse_motifs.py"


rule analyse_profiles:
    """Tabulate predicted and observed profiles at the example loci."""
    input:
        attributions=of_arms(f"{FOLDS[0]}/attributions/{{head}}.h5"),
    output:
        table=f"{COMPARED}/profiles.tsv",
        totals=report(f"{COMPARED}/profiles.totals.tsv", **reported("profiles", "table")),
    log:
        "<logs>/analyse_profiles/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_profiles/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("analyse_profiles.py"),
        loci=lookup("figures/loci", within=config),
        tasks=lambda wildcards: tasks(wildcards.condition),
    script:
        "../scripts/analyse_profiles.py"


rule analyse_low_pass:
    """Compare attributions that are filtered afterwards with those of the prior."""
    input:
        attributions=of_arms("{fold}/attributions/{head}.h5"),
        sites=sites_of,
    output:
        table=f"{COMPARED}/low_pass.tsv",
        tests=report(f"{COMPARED}/low_pass.tests.tsv", **reported("low_pass", "tests")),
    log:
        "<logs>/analyse_low_pass/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_low_pass/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing("1h"),
    params:
        code=code_of("analyse_low_pass.py"),
        freq_limit=model_setting("prior", "freq_limit"),
        softness=model_setting("prior", "softness"),
        smooth_sigma=model_setting("prior", "smooth_sigma"),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/analyse_low_pass.py"


rule analyse_composition:
    """Measure how attributions follow GC content outside sites."""
    input:
        attributions=of_arms("{fold}/attributions/{head}.h5"),
        sites=sites_of,
    output:
        table=f"{COMPARED}/composition.tsv",
        tests=report(f"{COMPARED}/composition.tests.tsv", **reported("composition", "tests")),
    log:
        "<logs>/analyse_composition/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_composition/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("analyse_composition.py"),
        flank=lookup("figures/gc_flank", within=config),
        arms=lookup("comparisons/{comparison}", within=config),
    script:
        "../scripts/analyse_composition.py"


rule analyse_footprints:
    """Measure attribution in footprints, motif instances and peaks of other factors."""
    input:
        attributions=of_arms("{fold}/attributions/{head}.h5"),
        chrom_sizes=rules.chrom_sizes.output[0],
        intervals=lambda wildcards: list(interval_sets(wildcards).values()),
        motifs=instance_motifs,
    output:
        table=f"{COMPARED}/footprints.tsv",
        curve=f"{COMPARED}/footprints.curve.tsv",
        tests=report(f"{COMPARED}/footprints.tests.tsv", **reported("footprints", "tests")),
    log:
        "<logs>/analyse_footprints/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_footprints/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("analyse_footprints.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        seed=lookup("figures/seed", within=config),
        interval_sets=lambda wildcards: list(interval_sets(wildcards)),
        # one value with names in it, as Snakemake does not notice when two swap theirs
        instance_sets=lambda wildcards: settings.as_text(instance_sets(wildcards)),
        p_value=lookup("footprints/p_value", within=config),
    script:
        "../scripts/analyse_footprints.py"


rule analyse_summits:
    """Measure how attribution lies to summits and peaks."""
    input:
        attributions=of_arms("{fold}/attributions/{head}.h5"),
        labels=rules.labels.output[0],
    output:
        table=f"{COMPARED}/summits.tsv",
        curve=f"{COMPARED}/summits.curve.tsv",
        tests=report(f"{COMPARED}/summits.tests.tsv", **reported("summits", "tests")),
    log:
        "<logs>/analyse_summits/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_summits/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("analyse_summits.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        seed=lookup("figures/seed", within=config),
    script:
        "../scripts/analyse_summits.py"


rule analyse_hits:
    """Measure how many peaks hold a motif instance."""
    input:
        averaged=of_arms("attributions/{head}.h5"),
        hits=of_arms("motifs/{head}/hits.tsv"),
        sequence_hits=of_arms("motifs/{head}/sites.tsv"),
    output:
        table=f"{COMPARED}/hits.tsv",
        best=report(f"{COMPARED}/hits.best.tsv", **reported("hits", "table of best peaks")),
    log:
        "<logs>/analyse_hits/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/analyse_hits/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing("1h"),
    params:
        code=code_of("analyse_hits.py"),
        arms=lookup("comparisons/{comparison}", within=config),
        window=lookup("motifs/modisco/window", within=config),
        best=lookup("figures/best_peaks", within=config),
    script:
        "../scripts/analyse_hits.py"


if SITES:

    rule analyse_truth:
        """Compare attributions, patterns and motif instances with the sites that are known."""
        input:
            attributions=of_arms("{fold}/attributions/{head}.h5"),
            averaged=of_arms("attributions/{head}.h5"),
            patterns=of_arms("motifs/{head}/patterns.meme"),
            matches=of_arms("motifs/{head}/matches.tsv"),
            hits=of_arms("motifs/{head}/hits.tsv"),
            sequence_hits=of_arms("motifs/{head}/sites.tsv"),
            folds=expand(
                "<results>/conditions/{condition}/folds/{fold}.tsv",
                fold=FOLDS,
                allow_missing=True,
            ),
            sites=SITES,
            motifs=MOTIFS or [],
        output:
            table=f"{COMPARED}/truth.tsv",
            tests=report(f"{COMPARED}/truth.tests.tsv", **reported("truth", "tests")),
            motifs=report(f"{COMPARED}/truth.motifs.tsv", **reported("truth", "patterns")),
            recovery=report(f"{COMPARED}/truth.recovery.tsv", **reported("truth", "motifs")),
            hits=report(f"{COMPARED}/truth.hits.tsv", **reported("truth", "instances")),
        log:
            "<logs>/analyse_truth/{condition}/{model}/{comparison}.log",
        benchmark:
            "<benchmarks>/analyse_truth/{condition}/{model}/{comparison}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(4000),
            runtime=growing("1h"),
        params:
            code=code_of("analyse_truth.py"),
            arms=lookup("comparisons/{comparison}", within=config),
            window=lookup("motifs/modisco/window", within=config),
        script:
            "../scripts/analyse_truth.py"
