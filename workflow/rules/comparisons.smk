"""What is compared: the analyses, their inputs, and their place in the report."""


include: "footprints.smk"


COMPARED = "<results>/conditions/{condition}/{model}/comparisons/{comparison}"
ANALYSES = ["loci", "spectrum", "consistency", "performance", "motifs", "training"]
ANALYSES += ["low_pass", "composition", "summits", "hits", "seeds"]
# those that test the second arm of a comparison against the first
TESTED = ["spectrum", "consistency", "performance", "footprints", "summits", "truth"]
TESTED += ["composition", "low_pass"]


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
            head=main_head(wildcards.model),
        )

    return files


def reported(analysis, kind):
    """Keywords of `report` for an output of an analysis."""
    return reported_of(["condition", "model", "comparison"], analysis, kind, analysis)


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


def analyses(condition, model):
    """Analyses of a comparison: those whose inputs the condition and the model have."""
    chosen = ANALYSES + ["profiles"] * predicts_profiles(model) + ["truth"] * has_sites(condition)
    return chosen + ["footprints"] * has_sets(condition)


def left_out():
    """Analyses that conditions or models lack the inputs of, as text."""
    untrue = [condition for condition in CONDITIONS if not has_sites(condition)]
    unset = [condition for condition in CONDITIONS if not has_sets(condition)]
    binary = [model for model in MODELS if not predicts_profiles(model)]
    homer = [] if config["motifs"]["homer"]["enabled"] else CONDITIONS
    reasons = [
        ("footprints", unset, "no footprints, motifs or peaks of others; see footprints"),
        ("truth", untrue, "no known sites; see truth/sites"),
        ("profiles", binary, "predicts no profiles"),
        ("homer", homer, "needs conda; see motifs/homer/enabled"),
    ]
    return [
        f"{TITLES[analysis]} of {', '.join(names)} ({reason})"
        for analysis, names, reason in reasons
        if names
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
        for analysis in TESTED
        if analysis in analyses(condition, model)
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


def predicts_profiles(model):
    """Whether a model predicts profiles, rather than whether bins are bound."""
    architecture = resolved(model)["architecture"]
    return registry.declaration(architecture).examples == "profiles"


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
