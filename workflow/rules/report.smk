"""Where a result stands in the report: its category, its folder there, and its labels."""

TITLES = {
    "summary": "Summary",
    **{name: analysis.title for name, analysis in ANALYSES.items()},
    "attributions": "Attributions",
    "homer": "HOMER",
    "browser": "Browser",
    "qc": "Quality control",
    "methods": "Methods",
    "search": "Search",
    "locus": "One place",
}
# the report's menu sorts them as text, so that all numbers are of two digits
CATEGORIES = {name: f"{number:02}. {title}" for number, (name, title) in enumerate(TITLES.items())}

# what results are of, and of how many
RESULTS_OF = {
    "comparison": len(COMPARISONS),
    "model": len(MODELS),
    "condition": len(CONDITIONS),
    "arm": len(config["arms"]),
    "fold": len(FOLDS),
}


def reported_of(wildcards, category, show, caption):
    """Keywords of `report` for an output with these wildcards.

    The report makes a switch of a label that has two values, if it is the only such and not the
    first. So what there are two of is a switch, and what else there are several of makes folders.
    """
    several = [name for name in wildcards if RESULTS_OF[name] > 1]
    switched = next((name for name in several if RESULTS_OF[name] == 2), None)
    folders = [f"{{{name}}}" for name in several if name != switched]
    return {
        "caption": caption,
        "category": CATEGORIES[category],
        "subcategory": ", ".join(folders) or None,
        "labels": {"show": show} | {name: f"{{{name}}}" for name in wildcards},
    }
