"""What the methods of a run tell: its parameters, experiments, models and software."""

# parameters that results depend on
TOLD = ["experiments", "genome", "reads", "peaks", "bins", "models", "training", "arms"]
TOLD += ["comparisons", "attribution", "motifs", "truth", "footprints", "simulate", "plant"]
COMPARED_ARMS = list(dict.fromkeys(arm for pair in COMPARISONS.values() for arm in pair))


def told():
    """The configuration, less what no result depends on."""
    kept = {key: dict(config[key]) for key in TOLD if isinstance(config.get(key), dict)}
    kept["experiments"] = config["experiments"]
    kept["portal"] = {"alignments": config["portal"]["alignments"]}
    for section, key in (
        ("training", "device"),
        ("training", "seeds_together"),
        ("attribution", "batch_size"),
    ):
        kept[section].pop(key, None)
    return kept


def told_models():
    """Models: their examples, heads and settings, and those of each arm."""
    return {
        model: {
            "examples": registry.declaration(base["architecture"]).examples,
            "heads": heads(model),
            "base": base,
            "arms": {arm: resolved(model, arm) for arm in COMPARED_ARMS},
        }
        for model, base in ((model, resolved(model)) for model in MODELS)
    }


def setup():
    """What was compared, trained and read, in words."""
    pairs = COMPARISONS.items()
    folds = config["training"]["folds"].items()
    return {
        "Comparisons": ", ".join(
            f"{name} ({first} against {second})" for name, (first, second) in pairs
        ),
        "Models": ", ".join(MODELS),
        "Seeds": ", ".join(map(str, SEEDS)),
        "Folds": "; ".join(
            f"{name} (test: {', '.join(fold['test'])}; validation: {', '.join(fold['validation'])})"
            for name, fold in folds
        ),
        "Genome": config["genome"]["name"],
        "Workflow": f"attprior {VERSION}",
    }


def source_of(experiment):
    """Whether an experiment is simulated, the portal's or of local files."""
    if row(experiment)["condition"] in SIMULATED:
        return "simulated"
    return "encode" if of_portal(experiment) else "local"


def told_experiments():
    """Experiments of the sheet: what they are, and where from."""
    return {
        name: {
            "condition": known["condition"],
            "assay": known["assay"],
            "formats": formats_of(name),
            "source": source_of(name),
            "called": is_called(name, "peaks"),
        }
        for name, known in EXPERIMENTS.to_dict("index").items()
    }


def study_text():
    """What the methods are written of, as text: a param that says when to write them anew."""
    return settings.as_text(
        {
            "config": told(),
            "arms": COMPARED_ARMS,
            "models": told_models(),
            "experiments": told_experiments(),
        }
    )


def software_used():
    """Packages of this run, by what each was used for."""
    formats = {kind for name in EXPERIMENTS.index for kind in formats_of(name)}
    chosen = config["motifs"]
    jaspar = any(name.startswith("jaspar_") for name in chosen["databases"])
    called = any(is_called(name, "peaks") for name in EXPERIMENTS.index)
    used = {
        "snakemake": "workflow",
        "pysam": "reads" if formats & {"bam", "cram"} else None,
        "pybigtools": "bigWigs",
        "deepTools": "quality control" if formats & {"bam", "cram"} else None,
        "macs3": "peaks" if called else None,
        "torch": "training, attribution",
        "tangermeme": "dinucleotide shuffles, attribution",
        "modisco-lite": "patterns",
        "memelite": "matches and instances of motifs",
        "finemo": "instances of motifs",
        "pyjaspar": "JASPAR's motifs" if jaspar else None,
        "HOMER": "motifs" if chosen["homer"]["enabled"] else None,
        "scikit-learn": "metrics",
        "scipy": "tests",
        "matplotlib": "figures",
        "igv-reports": "genome browser",
    }
    return {name: purpose for name, purpose in used.items() if purpose}


def lock_files():
    """Files that pin versions, an environment's only where rules run in it."""
    names = ["requirements.lock", "macs3.lock"]
    if workflow.deployment_settings.deployment_method:
        names.append("homer.yaml")
    return [str(workflow.source_path(f"../../envs/{name}")) for name in names]


def kept_manifest():
    """The manifest that a user keeps, a list of one or none."""
    return [config["manifest"]] if config["manifest"] else []
