"""What is compared: the analyses, their inputs, and their place in the report."""


include: "footprints.smk"


COMPARED = "<results>/conditions/{condition}/{model}/comparisons/{comparison}"
# where sites are planted, no others are known
SITES = f"{PLANTED}/{{condition}}/sites.bed" if PLANTED else config["truth"]["sites"]
MOTIFS = f"{PLANTED}/motif.meme" if PLANTED else config["truth"]["motifs"]


def of_arms(path):
    """Input function: a file of both arms of the comparison, of the model's main head, and in every
    fold, where its path names them."""

    def files(wildcards):
        return expand(
            f"<results>/conditions/{wildcards.condition}/{wildcards.model}/{{arm}}/{path}",
            arm=COMPARISONS[wildcards.comparison],
            fold=FOLDS,
            first_fold=FOLDS[0],
            head=main_head(wildcards.model),
        )

    return files


def reported(analysis, show, caption=None):
    """Keywords of `report` for an output of an analysis, or of another page of a comparison."""
    caption = caption or f"../scripts/attprior/analyses/{analysis}/caption.rst"
    return reported_of(["condition", "model", "comparison"], analysis, show, caption)


def tabulated(analysis, table, show=None):
    """A table of an analysis; for the report if it is shown there."""
    path = f"{COMPARED}/{analysis}{'' if table == 'table' else f'.{table}'}.tsv"
    return report(path, **reported(analysis, show)) if show else path


def has_sites(condition):
    """Whether a condition's sites are known: simulated or planted here, or a file that is there."""
    if not SITES or PLANTED or condition in SIMULATED:
        return bool(SITES)
    return Path(PATHVARS.apply(SITES).format(condition=condition)).is_file()


def sites_of(wildcards):
    """Input function: a condition's known sites, or else instances of the motifs that the arms found."""
    if has_sites(wildcards.condition):
        return [SITES.format(condition=wildcards.condition)]
    return of_arms("motifs/{head}/sites.bed")(wildcards)


def predicts_profiles(model):
    """Whether a model predicts profiles, rather than whether bins are bound."""
    architecture = resolved(model)["architecture"]
    return registry.declaration(architecture).examples == "profiles"


# what some analyses need: whose it is, whether that has it, and what the report says if not
NEEDS = {
    "known sites": ("condition", has_sites, "no known sites; see truth/sites"),
    "sets of bases": (
        "condition",
        has_sets,
        "no footprints, motifs or peaks of others; see footprints",
    ),
    "profiles": ("model", predicts_profiles, "predicts no profiles"),
}


def lacking(analysis):
    """Conditions or models that lack what an analysis needs, and why they do."""
    if not ANALYSES[analysis].needs:
        return [], ""
    whose, has, reason = NEEDS[ANALYSES[analysis].needs]
    names = {"condition": CONDITIONS, "model": MODELS}[whose]
    return [name for name in names if not has(name)], reason


def is_given(analysis, **names):
    """Whether a condition and a model have what an analysis needs."""
    if not ANALYSES[analysis].needs:
        return True
    whose, has, _ = NEEDS[ANALYSES[analysis].needs]
    return has(names[whose])


def analyses(condition, model):
    """Analyses of a comparison: those whose inputs the condition and the model have."""
    return [name for name in ANALYSES if is_given(name, condition=condition, model=model)]


def left_out():
    """Analyses that conditions or models lack the inputs of, as text."""
    reasons = [(TITLES[name], *lacking(name)) for name in ANALYSES]
    homer = [] if config["motifs"]["homer"]["enabled"] else CONDITIONS
    reasons.append((TITLES["homer"], homer, "needs conda; see motifs/homer/enabled"))
    return [
        f"{title} of {', '.join(names)} ({reason})" for title, names, reason in reasons if names
    ]


def compared():
    """Condition, model and comparison of all that is compared."""
    return [
        (condition, model, comparison)
        for condition in CONDITIONS
        for model in MODELS
        for comparison in COMPARISONS
    ]


def tested():
    """Condition, model, comparison and analysis of all tables of tests."""
    return [
        (condition, model, comparison, analysis)
        for condition, model, comparison in compared()
        for analysis in analyses(condition, model)
        if "tests" in ANALYSES[analysis].tables
    ]


def figures():
    """Figures and tables of every comparison, condition and model."""
    return [
        path
        for condition in CONDITIONS
        for model in MODELS
        for path in expand(
            f"{COMPARED}/{{analysis}}.{{ending}}",
            condition=condition,
            model=model,
            comparison=COMPARISONS,
            analysis=analyses(condition, model),
            ending=["svg", "tsv"],
        )
        + expand(
            f"{COMPARED}/browser.html", condition=condition, model=model, comparison=COMPARISONS
        )
    ]


def predicted_tracks(wildcards):
    """Input function: bigWigs of both arms' predicted profiles, if the model predicts any."""
    if not predicts_profiles(wildcards.model):
        return []
    return [
        f"<results>/conditions/{wildcards.condition}/{wildcards.model}/{arm}/predictions/{task}/{track}.bw"
        for arm in COMPARISONS[wildcards.comparison]
        for task in tasks(wildcards.condition)
        for track in track_names(task)
    ]


# what analyses read beside files of their arms
SOURCES = {
    "sites": sites_of,
    "known sites": SITES or [],
    "planted motifs": MOTIFS or [],
    "folds": expand(
        "<results>/conditions/{condition}/folds/{fold}.tsv", fold=FOLDS, allow_missing=True
    ),
    "labels": rules.labels.output[0],
    "intervals": lambda wildcards: list(interval_sets(wildcards).values()),
    "instance motifs": instance_motifs,
}
# their settings that are no config key
VALUES = {
    "folds": FOLDS,
    "tasks": lambda wildcards: tasks(wildcards.condition),
    "interval sets": lambda wildcards: list(interval_sets(wildcards)),
    # one value with names in it, as Snakemake does not notice when two swap theirs
    "instance sets": lambda wildcards: settings.as_text(instance_sets(wildcards)),
}


def source_of_analysis(place):
    """Input of an analysis, by what it declares to read."""
    of_arm = place.removeprefix("{arm}/")
    return SOURCES[place] if of_arm == place else of_arms(of_arm)


def value_of(place):
    """Setting of an analysis, by what it declares."""
    section, _, key = place.partition("/")
    if section == "model":
        return model_setting(*key.split("/"))
    return lookup(place, within=config) if key else VALUES[place]
