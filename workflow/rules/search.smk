"""Search for settings: trials by jobs that share a study, and what comes out of them."""


include: "searches.smk"


rule search:
    """Everything that comes out of the searches of the config."""
    input:
        rules.check_places.output,
        searches,


rule search_study:
    """Put a search's trials into its study (study.journal beside the output, which is kept)."""
    input:
        labels=searched("labels.h5"),
        fold=searched("folds/{fold}.tsv"),
        fasta=SEQUENCE,
    output:
        f"{SEARCHED}/definition.json",
    log:
        "<logs>/search_study/{search}.log",
    benchmark:
        "<benchmarks>/search_study/{search}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("30m"),
    params:
        code=search_code,
        definition=search_definition,
        trials=lambda wildcards: definition.trials(config, SCHEMA, wildcards.search),
    script:
        "../scripts/search_study.py"


rule search_trials:
    """Run trials of a search until none is left; a killed job goes on with its own."""
    input:
        definition=rules.search_study.output[0],
        labels=rules.search_study.input.labels,
        fold=rules.search_study.input.fold,
        fasta=rules.search_study.input.fasta,
    output:
        f"{SEARCHED}/jobs/{{job}}.tsv",
    log:
        "<logs>/search_trials/{search}/{job}.log",
    benchmark:
        "<benchmarks>/search_trials/{search}/{job}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 4
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=growing(16000),
        runtime=growing("24h"),
    params:
        # the code's hash is in the definition's, so that both jobs and study are of one code
        code=search_code,
        jobs=lambda wildcards, input: definition.complete(config, SCHEMA, wildcards.search)["jobs"],
        batch_size=untracked("attribution", "batch_size"),
    script:
        "../scripts/search_trials.py"


rule search_result:
    """Write the trials of a search, its best settings as an arm, and prediction against noise."""
    input:
        definition=rules.search_study.output[0],
        jobs=search_jobs,
    output:
        trials=report(f"{SEARCHED}/trials.tsv", **search_report("trials")),
        pareto=report(f"{SEARCHED}/pareto.tsv", **search_report("table")),
        best=f"{SEARCHED}/best.yaml",
    log:
        "<logs>/search_result/{search}.log",
    benchmark:
        "<benchmarks>/search_result/{search}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("30m"),
    params:
        code=code_of("search_result.py"),
    script:
        "../scripts/search_result.py"


rule plot_search:
    """Draw a search's trials: noise of attributions against prediction."""
    input:
        table=rules.search_result.output.pareto,
    output:
        svg=report(f"{SEARCHED}/pareto.svg", **search_report("figure")),
        png=f"{SEARCHED}/pareto.png",
    log:
        "<logs>/plot_search/{search}.log",
    benchmark:
        "<benchmarks>/plot_search/{search}.tsv"
    localrule: DRAWN_HERE
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("30m"),
    params:
        code=code_of("plot_search.py"),
    script:
        "../scripts/plot_search.py"
