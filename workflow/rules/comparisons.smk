"""What is compared: the analyses, their inputs, and their place in the report."""

COMPARED = "<results>/conditions/{condition}/{model}/comparisons/{comparison}"
ANALYSES = ["loci", "spectrum", "consistency", "performance", "motifs", "training"]
CATEGORIES = {
    "loci": "1. Example loci",
    "spectrum": "2. Spectrum",
    "consistency": "3. Consistency",
    "performance": "4. Performance",
    "truth": "5. Known sites",
    "motifs": "6. Motifs",
    "training": "7. Training",
}


# where sites are planted, no others are known
SITES = f"{PLANTED}/{{condition}}/sites.bed" if PLANTED else config["truth"]["sites"]
MOTIFS = f"{PLANTED}/motif.meme" if PLANTED else config["truth"]["motifs"]


def of_arms(path):
    """Input function: a file of both arms of the comparison, in every fold where it has one."""

    def files(wildcards):
        return expand(
            f"<results>/conditions/{wildcards.condition}/{wildcards.model}/{{arm}}/{path}",
            arm=COMPARISONS[wildcards.comparison],
            fold=FOLDS,
        )

    return files


def reported(analysis, kind):
    """Keywords of `report` for an output of an analysis."""
    return {
        "caption": f"../report/{analysis}.rst",
        "category": CATEGORIES[analysis],
        "subcategory": "{condition}",
        "labels": {"model": "{model}", "comparison": "{comparison}", "show": kind},
    }


def has_sites(condition):
    """Whether a condition's sites are known: simulated or planted here, or a file that is there."""
    if not SITES or PLANTED or condition in SIMULATED:
        return bool(SITES)
    return Path(workflow.pathvars.apply(SITES).format(condition=condition)).is_file()


def figures():
    """Figures and tables of every comparison, condition and model."""
    return [
        path
        for condition in CONDITIONS
        for path in expand(
            f"{COMPARED}/{{analysis}}.{{ending}}",
            condition=condition,
            model=MODELS,
            comparison=COMPARISONS,
            analysis=ANALYSES + ["truth"] * has_sites(condition),
            ending=["svg", "tsv"],
        )
    ]
