"""What is compared: the analyses, their inputs, and their place in the report."""

COMPARED = "<results>/conditions/{condition}/{model}/comparisons/{comparison}"
ANALYSES = ["loci", "spectrum", "consistency", "performance", "motifs", "training"]
if lookup("truth/sites", within=config, default=None):
    ANALYSES.insert(4, "truth")
CATEGORIES = {
    "loci": "1. Example loci",
    "spectrum": "2. Spectrum",
    "consistency": "3. Consistency",
    "performance": "4. Performance",
    "truth": "5. Known sites",
    "motifs": "6. Motifs",
    "training": "7. Training",
}


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


def figures():
    """Figures and tables of every comparison, condition and model."""
    return expand(
        f"{COMPARED}/{{analysis}}.{{ending}}",
        condition=CONDITIONS,
        model=MODELS,
        comparison=COMPARISONS,
        analysis=ANALYSES,
        ending=["svg", "tsv"],
    )
