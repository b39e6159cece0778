"""Tables of each analysis of a comparison, and a figure drawn from them alone."""

from itertools import product

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
            **{key: shown(name, key, show) for key, show in analysis.tables.items()},
        log:
            f"<logs>/analyse_{name}/{{condition}}/{{model}}/{{comparison}}.log",
        benchmark:
            f"<benchmarks>/analyse_{name}/{{condition}}/{{model}}/{{comparison}}.tsv"
        conda:
            "../../envs/library.yaml"
        resources:
            **needs(analysis.mem_mb, "1h"),
        params:
            **{key: value_of(place) for key, place in analysis.settings.items()},
            **calls(f"analyses.{name}.tables.tabulate", "analyse.py"),
            arms=lookup("comparisons/{comparison}", within=config),
        script:
            "../scripts/analyse.py"

    rule:
        name:
            f"plot_{name}"
        input:
            **{key: shown(name, key) for key in analysis.draws},
        output:
            svg=report(f"{COMPARED}/{name}.svg", **of_comparison(name, "figure")),
            png=f"{COMPARED}/{name}.png",
        log:
            f"<logs>/plot_{name}/{{condition}}/{{model}}/{{comparison}}.log",
        benchmark:
            f"<benchmarks>/plot_{name}/{{condition}}/{{model}}/{{comparison}}.tsv"
        localrule: PLOTS_ARE_LOCAL
        conda:
            "../../envs/library.yaml"
        resources:
            **needs(1000, "30m"),
        params:
            **{key: value_of(place) for key, place in analysis.figure_settings.items()},
            **draws(f"analyses.{name}.figure.plot"),
            head=main_head,
            arms=lookup("comparisons/{comparison}", within=config),
        script:
            "../scripts/plot.py"
