"""Search for settings: trials by jobs that share a study, and what comes out of them."""


rule search:
    """Everything that comes out of the searches of the config."""
    input:
        rules.check_places.output,
        searches,


rule search_study:
    """Put a search's trials into its study (study.journal beside the output, which is kept)."""
    input:
        labels=searched("<results>/conditions/{condition}/labels.h5"),
        fold=searched("<results>/conditions/{condition}/folds/{fold}.tsv"),
        fasta=SEQUENCE,
    output:
        f"{SEARCHED}/definition.json",
    log:
        "<logs>/search_study/{search}.log",
    benchmark:
        "<benchmarks>/search_study/{search}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        **needs(2000, "30m"),
    params:
        code=search_code,
        definition=lambda wildcards: settings.as_text(
            definition.define(config, SCHEMA, wildcards.search)
        ),
        trials=lambda wildcards: definition.trials(config, SCHEMA, wildcards.search),
    script:
        "../scripts/search_study.py"


rule search_trials:
    """Run trials of a search until none is left; a killed job resumes its own."""
    input:
        definition=rules.search_study.output[0],
        labels=rules.search_study.input.labels,
        fold=rules.search_study.input.fold,
        fasta=SEQUENCE,
    output:
        f"{SEARCHED}/jobs/{{job}}.tsv",
    log:
        "<logs>/search_trials/{search}/{job}.log",
    benchmark:
        "<benchmarks>/search_trials/{search}/{job}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        **needs(16000, "24h"),
        gpu=1,
        device=DEVICE,
    params:
        # the code's hash is in the definition's, so that both jobs and study are of one code
        code=search_code,
        jobs=lambda wildcards, input: search_block(wildcards)["jobs"],
        batch_size=untracked("attribution", "batch_size"),
    script:
        "../scripts/search_trials.py"


rule search_result:
    """Write the trials of a search, its best settings as an arm, and prediction against noise."""
    input:
        definition=rules.search_study.output[0],
        jobs=lambda wildcards: expand(
            f"{SEARCHED}/jobs/{{job}}.tsv",
            job=range(search_block(wildcards)["jobs"]),
            allow_missing=True,
        ),
    output:
        trials=report(f"{SEARCHED}/trials.tsv", **on_search("trials")),
        pareto=report(f"{SEARCHED}/pareto.tsv", **on_search("table")),
        best=f"{SEARCHED}/best.yaml",
    log:
        "<logs>/search_result/{search}.log",
    benchmark:
        "<benchmarks>/search_result/{search}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        **needs(2000, "30m"),
    params:
        code=code_of("search_result.py"),
    script:
        "../scripts/search_result.py"


rule plot_search:
    """Draw a search's trials: noise of attributions against prediction."""
    input:
        table=f"{SEARCHED}/pareto.tsv",
    output:
        svg=report(f"{SEARCHED}/pareto.svg", **on_search("figure")),
        png=f"{SEARCHED}/pareto.png",
    log:
        "<logs>/plot_search/{search}.log",
    benchmark:
        "<benchmarks>/plot_search/{search}.tsv"
    localrule: PLOTS_ARE_LOCAL
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "30m"),
    params:
        **draws("plotting.search.plot_search"),
    script:
        "../scripts/plot.py"
