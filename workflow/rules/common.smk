"""Configuration, sheet, and what all rules share."""

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import HostingProviderFile, LocalSourceFile


def scripts_of(rules_folder):
    """Folder of the scripts; those of a workflow on a Git host are brought here, all at once."""
    folder = rules_folder.join("../scripts")
    if isinstance(folder, LocalSourceFile):
        return Path(folder.get_path_or_uri(secret_free=True)).resolve()
    if not isinstance(folder, HostingProviderFile):
        raise WorkflowError(
            f"{folder}: the files of this workflow cannot be listed there; use it from a local folder, "
            "or by github(...) or gitlab(...)"
        )
    # Snakemake itself brings a script when its rule runs, and nothing of what the script imports
    files = [
        workflow.sourcecache.get_path(folder.join(blob.path.removeprefix(f"{folder.path}/")))
        for blob in folder.hosted_repo.repo.commit(folder.ref).tree[folder.path].traverse()
        if blob.type == "blob"
    ]
    return Path(os.path.commonpath(files))


# of jobs and of the report: their programs' text is UTF-8 whatever the locale
os.environ.update(PYTHONUTF8="1")
# not below workflow.basedir, which of a module is that of the workflow that uses it
SCRIPTS = scripts_of(workflow.current_basedir)
sys.path.insert(0, str(SCRIPTS))

from attprior import __version__ as VERSION
from attprior import provenance, settings
from attprior.analyses import registry as analysis_registry
from attprior.assays import ASSAYS, file_format, file_name, is_control, is_shifted, is_url
from attprior.errors import DiskFullError, InputError
from attprior.files import aside
from attprior.locus import read_loci
from attprior.models import registry
from attprior.settings import is_accession, split_paths
from attprior.training import DRIVER

if provenance.PACKAGE.parent != SCRIPTS:
    raise WorkflowError(
        f"this workflow is at {SCRIPTS.parent}, but another copy of it, at "
        f"{provenance.PACKAGE.parents[1]}, was loaded first; use one of them for all modules"
    )

SCHEMA = yaml.safe_load(
    Path(workflow.source_path("../schemas/config.schema.yaml")).read_text(encoding="utf-8")
)
# of this workflow: once all is read, workflow.pathvars are those of the one that uses it as a module
PATHVARS = workflow.pathvars

try:
    config = settings.complete(config, SCHEMA)
    settings.check(config, SCHEMA)
    EXPERIMENTS = settings.read_experiments(config["experiments"], may_be_empty="propose" in config)
    settings.check_experiments(EXPERIMENTS, config)
    LOCI = read_loci(config["locus"]) if config["locus"] else {}
    ANALYSES = analysis_registry.registered()
except InputError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for line in settings.shared_alignments(EXPERIMENTS):
        print(f"{config['experiments']}: {line}.", file=sys.stderr)

CONDITIONS = list(dict.fromkeys(filter(None, EXPERIMENTS.condition)))
MODELS = list(config["models"])
FOLDS = list(config["training"]["folds"])
SEEDS = config["training"]["seeds"]
COMPARISONS = config["comparisons"]
# figures take seconds: where jobs go to a cluster, Snakemake draws them itself; False submits them
DRAWN_HERE = True


# all before the first rule: Snakemake 9.27 drops those of a rule whose files are kept in a bucket when
# others come later
wildcard_constraints:
    experiment=r"[A-Za-z0-9_.-]+",
    condition="|".join(CONDITIONS),
    model="|".join(MODELS),
    arm="|".join(config["arms"]),
    fold="|".join(FOLDS),
    seed=r"\d+",
    comparison="|".join(COMPARISONS),
    search="|".join(config["search"]),
    job=r"\d+",
    locus="|".join(map(re.escape, LOCI)),
    # one alone, or of one task: count, count.ENCSR000BGQ
    head=rf"({'|'.join(sum(registry.HEADS.values(), ()))})(\.[A-Za-z0-9_.-]+)?",


@cache
def row(experiment):
    """Row of an experiment; a control without a row of its own has an empty one."""
    if experiment in EXPERIMENTS.index:
        return EXPERIMENTS.loc[experiment].to_dict()
    empty = dict.fromkeys(EXPERIMENTS.columns, "")
    assay = settings.assay_of_control(EXPERIMENTS, experiment)
    return {**empty, "assay": assay, "control": "none"}


def tasks(condition):
    """Experiments of a condition, in the order of the sheet."""
    return list(EXPERIMENTS.index[EXPERIMENTS.condition == condition])


@cache
def resolved(model, arm=None):
    """Settings of a model, in an arm if one is named; made once, so not to be changed."""
    return settings.resolve(config, SCHEMA, model, arm)


def code_of(script, *modules):
    """Hash of the library files that a script runs: their edit reruns its rule."""
    return provenance.code_hash(SCRIPTS / script, *modules)


def code_with_model(script):
    """Hash of the library files that a script runs, with those of the model's architecture."""

    def leaf(wildcards):
        chosen = resolved(wildcards.model, wildcards.arm)["architecture"]
        return code_of(script, registry.declaration(chosen).path)

    return leaf


def untracked(*keys):
    """A setting whose change reruns nothing: Snakemake tracks no param that is made from input."""

    def leaf(wildcards, input):
        value = config
        for key in keys:
            value = value[key]
        return value

    return leaf


def growing(amount):
    """Memory (in MB) or time (such as 12h) that grows with each attempt."""
    if isinstance(amount, int):
        return lambda wildcards, attempt: amount * attempt
    number, unit = int(amount[:-1]), amount[-1]
    return lambda wildcards, attempt: f"{number * attempt}{unit}"


def arm_settings(wildcards):
    """Settings of a model in an arm, as text: what its training depends on, nothing else."""
    return settings.as_text(resolved(wildcards.model, wildcards.arm))


def model_setting(*keys):
    """A setting of a model before any arm changes it."""

    def leaf(wildcards):
        value = resolved(wildcards.model)
        for key in keys:
            value = value[key]
        return value

    return leaf


def require_device():
    """Fail before the first job where jobs run here, by the torch that is here, without their GPU."""
    elsewhere = workflow.non_local_exec or workflow.deployment_settings.deployment_method
    device = config["training"]["device"]
    # torch takes seconds to import, and without a driver auto is the CPU
    if elsewhere or device == "cpu" or (device == "auto" and not DRIVER.exists()):
        return
    from attprior.training.device import choose_device

    try:
        choose_device(device)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def is_asked(target):
    """Whether the command line asks for a rule, by its name here: a module's may have a prefix."""
    return rules.has(target) and getattr(rules, target).rule.name in sys.argv


def write_report():
    """Write the report of a finished run, by the command line that ran it."""
    if any(map(is_asked, ("manifest", "fetch", "propose"))):
        return  # nothing of theirs is reported, and a report of an earlier run stays
    # a report of a target of its own leaves that of the whole run as it is
    places = {"search": "<results>/search", "locus": "<results>/loci"}
    place = next((places[target] for target in places if is_asked(target)), "<results>")
    path = PATHVARS.apply(f"{place}/report.html")
    style = workflow.source_path("../report/report.css")
    try:
        with aside(path) as temporary:
            # before the arguments, of which those after a -- are targets
            options = ["--nolock", f"--report={temporary}", f"--report-stylesheet={style}"]
            command = [sys.executable, "-m", "snakemake", *options, *sys.argv[1:]]
            subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    except subprocess.CalledProcessError as error:
        print(f"No report could be made:\n{error.stderr}", file=sys.stderr)
    except DiskFullError as error:
        again = shlex.join(["snakemake", f"--report={path}", *sys.argv[1:]])
        raise WorkflowError(
            f"All results are there, but no report: {error} As nothing else is left to do, that is: "
            f"{again}"
        ) from None
    else:
        print(f"The report is at {path}", file=sys.stderr)


def may_be_made(place):
    """Whether a place is in a folder of the workflow's, where the simulation may put it."""
    return "<" in place and bool(config.get("simulate"))


def named_chromosomes():
    """Chromosomes that the config names, by key; of genome/exclude, those that are its own."""
    named = {
        f"training/folds/{fold}/{split}": names
        for fold, splits in config["training"]["folds"].items()
        for split, names in splits.items()
    }
    # the schema's are of no genome in particular
    usual = SCHEMA["properties"]["genome"]["properties"]["exclude"]["default"]
    own = [name for name in config["genome"]["exclude"] if name not in usual]
    return named | {"genome/exclude": own}


def named_intervals():
    """Config keys that name files of intervals, and the files."""
    if REFERENCE_FILES["blacklist"]:
        yield "genome/blacklist", REFERENCE_FILES["blacklist"]
    for condition in CONDITIONS:
        for name, path in FOOTPRINTS["intervals"].get(condition, {}).items():
            yield f"footprints/intervals/{condition}/{name}", path
    # sites that are planted here come after the labels
    known = filter(has_sites, CONDITIONS if not PLANTED else [])
    for path in dict.fromkeys(SITES.format(condition=condition) for condition in known):
        yield "truth/sites", path
