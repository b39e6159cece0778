"""Tables of each analysis of a comparison, and a figure drawn from them alone."""

from itertools import product


include: "comparisons.smk"


for name, analysis in ANALYSES.items():
    # one that no condition and model can have has no rules
    if not any(name in analyses(*pair) for pair in product(CONDITIONS, MODELS)):
        continue

    rule:
        name:
            f"analyse_{name}"
        input:
            **{key: source_of_analysis(place) for key, place in analysis.reads.items()},
        output:
            **{key: tabulated(name, key, show) for key, show in analysis.tables.items()},
        log:
            f"<logs>/analyse_{name}/{{condition}}/{{model}}/{{comparison}}.log",
        benchmark:
            f"<benchmarks>/analyse_{name}/{{condition}}/{{model}}/{{comparison}}.tsv"
        conda:
            "../../envs/figures.yaml"
        resources:
            mem_mb=growing(analysis.mem_mb),
            runtime=growing("1h"),
        params:
            **{key: value_of(place) for key, place in analysis.settings.items()},
            code=code_of("analyse.py", analysis.path / "tables.py"),
            analysis=name,
            arms=lookup("comparisons/{comparison}", within=config),
        script:
            "../scripts/analyse.py"

    rule:
        name:
            f"plot_{name}"
        input:
            **{key: tabulated(name, key) for key in analysis.draws},
        output:
            svg=report(f"{COMPARED}/{name}.svg", **reported(name, "figure")),
            png=f"{COMPARED}/{name}.png",
        log:
            f"<logs>/plot_{name}/{{condition}}/{{model}}/{{comparison}}.log",
        benchmark:
            f"<benchmarks>/plot_{name}/{{condition}}/{{model}}/{{comparison}}.tsv"
        localrule: DRAWN_HERE
        conda:
            "../../envs/figures.yaml"
        resources:
            mem_mb=growing(1000),
            runtime=growing("30m"),
        params:
            **{key: value_of(place) for key, place in analysis.figure_settings.items()},
            code=code_of("plot_analysis.py", analysis.path / "figure.py"),
            analysis=name,
            head=lambda wildcards: main_head(wildcards.model),
            arms=lookup("comparisons/{comparison}", within=config),
        script:
            "../scripts/plot_analysis.py"
