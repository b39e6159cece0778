"""Which places of the genome are looked at, by which models."""

LOOKED = "<results>/loci/{locus}/{condition}/{model}"
CONTRIBUTIONS_AT = f"{LOOKED}/{{arm}}/contributions.tsv"
PREDICTIONS_AT = f"{LOOKED}/{{arm}}/predictions.tsv"


def loci(wildcards):
    """Figures of all loci, in all conditions, by all models."""
    if not LOCI:
        raise WorkflowError(
            "locus where? Give the config key, such as --config locus=chr1:1001-2000; see 'Look at "
            "one place' in config/README.md"
        )
    return expand(f"{LOOKED}/locus.svg", locus=LOCI, condition=CONDITIONS, model=MODELS)


def locus_text(wildcards):
    """A locus as genome browsers write it."""
    return str(LOCI[wildcards.locus])


def split_in(fold, wildcards):
    """Split that a locus's chromosome is of in a fold."""
    chosen = config["training"]["folds"][fold]
    named = (
        split for split in ("test", "validation") if LOCI[wildcards.locus].chrom in chosen[split]
    )
    return next(named, "training")


def fold_at(wildcards):
    """The first fold that tests on a locus's chromosome; else one that validates on it, else any."""
    return min(
        FOLDS, key=lambda fold: ["test", "validation", "training"].index(split_in(fold, wildcards))
    )


def split_at(wildcards):
    """Split that a locus's chromosome is of in its fold."""
    return split_in(fold_at(wildcards), wildcards)


def models_at(wildcards):
    """Input function: models of the fold by which a locus is looked at."""
    return expand(
        f"{ARM}/{{fold}}/seed_{{seed}}/model.pt",
        condition=wildcards.condition,
        model=wildcards.model,
        arm=wildcards.arm,
        fold=fold_at(wildcards),
        seed=SEEDS,
    )


def of_all_arms(path):
    """Input function: a file of each arm that is compared."""

    def files(wildcards):
        return expand(
            path,
            arm=COMPARED_ARMS,
            head=main_head(wildcards.model),
            **dict(wildcards.items()),
        )

    return files


def on_locus(kind):
    """Keywords of `report` for what is told of a locus."""
    return {
        "caption": "../report/locus.rst",
        "category": CATEGORIES["locus"],
        "subcategory": "{locus}",
        "labels": {"condition": "{condition}", "model": "{model}", "show": kind},
    }
