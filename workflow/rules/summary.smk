"""What all comparisons say together, and how they were made."""


include: "study.smk"


rule summarise:
    """Put the headlines of all analyses, conditions, models and comparisons in one table."""
    input:
        tests=[
            f"<results>/conditions/{condition}/{model}/comparisons/{comparison}/{analysis}.tests.tsv"
            for condition, model, comparison, analysis in tested()
        ],
    output:
        table=report(
            "<results>/summary.tsv",
            caption="../report/summary.rst",
            category=CATEGORIES["summary"],
            labels={"show": "table"},
        ),
    log:
        "<logs>/summarise.log",
    benchmark:
        "<benchmarks>/summarise.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("summarise.py"),
        headlines=lambda wildcards: settings.as_text(analysis_registry.headlines()),
        conditions=[condition for condition, *_ in tested()],
        models=[model for _, model, *_ in tested()],
        comparisons=[comparison for *_, comparison, _ in tested()],
        analyses=[analysis for *_, analysis in tested()],
        names=list(COMPARISONS),
        firsts=[first for first, _ in COMPARISONS.values()],
        seconds=[second for _, second in COMPARISONS.values()],
    script:
        "../scripts/summarise.py"


rule plot_summary:
    """Draw the headlines of all analyses, conditions, models and comparisons."""
    input:
        table="<results>/summary.tsv",
    output:
        svg=report(
            "<results>/summary.svg",
            caption="../report/summary.rst",
            category=CATEGORIES["summary"],
            labels={"show": "figure"},
        ),
        png="<results>/summary.png",
    log:
        "<logs>/plot_summary.log",
    benchmark:
        "<benchmarks>/plot_summary.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_summary.py"),
    script:
        "../scripts/plot_summary.py"


rule headlines:
    """Say the headlines in words, which models learnt nothing, and which analyses are left out."""
    input:
        table="<results>/summary.tsv",
        figure="<results>/summary.svg",
        training=[
            f"<results>/conditions/{condition}/{model}/comparisons/{comparison}/training.tsv"
            for condition, model, comparison in compared()
        ],
    output:
        # workflow.rst takes it up by its name
        page=report(
            "<results>/headlines.html",
            caption="../report/headlines.rst",
            category=CATEGORIES["summary"],
            labels={"show": "all in words"},
        ),
    log:
        "<logs>/headlines.log",
    benchmark:
        "<benchmarks>/headlines.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("headlines.py"),
        headlines=lambda wildcards: settings.as_text(analysis_registry.headlines()),
        about=lambda wildcards: settings.as_text({a.title: a.about for a in ANALYSES.values()}),
        models=[", ".join(names[: min(2, len(MODELS))]) for names in compared()],
        setup=setup(),
        left_out=left_out(),
    script:
        "../scripts/headlines.py"


rule methods:
    """Write the methods for a paper, with tables of the parameters and of versions of software."""
    input:
        labels=expand("<results>/conditions/{condition}/labels.h5", condition=CONDITIONS),
        manifests=new_manifests,
        kept=kept_manifest(),
    output:
        text="<results>/methods.md",
        page=report(
            "<results>/methods.html",
            caption="../report/methods.rst",
            category=CATEGORIES["methods"],
            labels={"show": "text"},
        ),
        parameters=report(
            "<results>/parameters.tsv",
            caption="../report/methods.rst",
            category=CATEGORIES["methods"],
            labels={"show": "parameters"},
        ),
        software=report(
            "<results>/software.tsv",
            caption="../report/methods.rst",
            category=CATEGORIES["methods"],
            labels={"show": "versions of software"},
        ),
    log:
        "<logs>/methods.log",
    benchmark:
        "<benchmarks>/methods.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("30m"),
    params:
        code=code_of("methods.py"),
        # told, and in no code's hash
        version=VERSION,
        study=lambda wildcards: study_text(),
        software=list(software_used()),
        purposes=list(software_used().values()),
        # made from input, so that another place of the workflow reruns nothing
        pinned=lambda wildcards, input: lock_files(),
    script:
        "../scripts/methods.py"
