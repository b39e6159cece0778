"""What all comparisons say together, and how they were made."""


rule summarise:
    """Put the headlines of all analyses, conditions, models and comparisons in one table."""
    input:
        tests=[
            f"<results>/conditions/{condition}/{model}/comparisons/{comparison}/{analysis}.tests.tsv"
            for condition, model, comparison, analysis in tested()
        ],
    output:
        table=report("<results>/summary.tsv", **reported_as("summary", show="table")),
    log:
        "<logs>/summarise.log",
    benchmark:
        "<benchmarks>/summarise.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "30m"),
    params:
        code=code_of("summarise.py"),
        headlines=lambda wildcards: settings.as_text(analysis_registry.headlines()),
        # one value with names in it, as Snakemake does not notice when two swap theirs
        tested=settings.as_text(tested()),
        arms=settings.as_text(list(COMPARISONS.items())),
    script:
        "../scripts/summarise.py"


rule plot_summary:
    """Draw the headlines of all analyses, conditions, models and comparisons."""
    input:
        table="<results>/summary.tsv",
    output:
        svg=report("<results>/summary.svg", **reported_as("summary", show="figure")),
        png="<results>/summary.png",
    log:
        "<logs>/plot_summary.log",
    benchmark:
        "<benchmarks>/plot_summary.tsv"
    localrule: PLOTS_ARE_LOCAL
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "30m"),
    params:
        **draws("plotting.summary.plot_summary"),
    script:
        "../scripts/plot.py"


rule headlines:
    """Write the headlines in words, with models that learnt nothing and analyses left out."""
    input:
        table="<results>/summary.tsv",
        figure="<results>/summary.svg",
        training=[
            f"<results>/conditions/{condition}/{model}/comparisons/{comparison}/training.tsv"
            for condition, model, comparison in PROJECT.compared()
        ],
    output:
        # workflow.rst takes it up by its name
        page=report(
            "<results>/headlines.html",
            **reported_as("summary", caption="headlines", show="all in words"),
        ),
    log:
        "<logs>/headlines.log",
    benchmark:
        "<benchmarks>/headlines.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "30m"),
    params:
        **templates("headlines.html.jinja"),
        code=code_of("headlines.py"),
        headlines=lambda wildcards: settings.as_text(analysis_registry.headlines()),
        about=lambda wildcards: settings.as_text({a.title: a.about for a in ANALYSES.values()}),
        models=[", ".join(names[: min(2, len(MODELS))]) for names in PROJECT.compared()],
        setup=PROJECT.setup(VERSION),
        left_out=left_out(),
    script:
        "../scripts/headlines.py"


rule methods:
    """Write the methods for a paper, with tables of the parameters and of versions of software."""
    input:
        labels=expand("<results>/conditions/{condition}/labels.h5", condition=CONDITIONS),
        manifests=new_manifests,
        kept=config["manifest"] or [],
    output:
        text="<results>/methods.md",
        page=report("<results>/methods.html", **reported_as("methods", show="text")),
        parameters=report("<results>/parameters.tsv", **reported_as("methods", show="parameters")),
        software=report(
            "<results>/software.tsv", **reported_as("methods", show="versions of software")
        ),
    log:
        "<logs>/methods.log",
    benchmark:
        "<benchmarks>/methods.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(2000, "30m"),
    params:
        **templates("methods.jinja", "methods.md.jinja", "methods.html.jinja"),
        code=code_of("methods.py"),
        # told, and in no code's hash
        version=VERSION,
        study=lambda wildcards: settings.as_text(PROJECT.study()),
        software=list(PROJECT.software()),
        purposes=list(PROJECT.software().values()),
        # made from input, so that another place of the workflow reruns nothing; of an environment only
        # where rules run in it
        pinned=lambda wildcards, input: [
            str(workflow.source_path(f"../../envs/{name}"))
            for name in (
                *("requirements.lock", "macs3.lock"),
                *["homer.yaml"] * bool(workflow.deployment_settings.deployment_method),
            )
        ],
    script:
        "../scripts/methods.py"
