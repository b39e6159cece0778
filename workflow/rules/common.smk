"""Configuration, sheet, and the functions that rules take their inputs and params from."""

import atexit
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml
from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import HostingProviderFile, LocalSourceFile


def folder_of(rules_folder, name):
    """Folder beside that of the rules; files of one on a Git host are brought here, all at once."""
    folder = rules_folder.join(f"../{name}")
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
SCRIPTS = folder_of(workflow.current_basedir, "scripts")
TEMPLATES = folder_of(workflow.current_basedir, "report/templates")
sys.path.insert(0, str(SCRIPTS))

from attprior import __version__ as VERSION
from attprior import provenance, ready, settings, sheet, terminal
from attprior.analyses import registry as analysis_registry
from attprior.assays import file_format, file_name, is_control, is_shifted, is_url
from attprior.errors import DiskFullError, InputError
from attprior.files import atomic_write
from attprior.given import Given
from attprior.locus import read_loci
from attprior.models import registry
from attprior.motifs.formats import HOMER_SETS, check_format, motif_sets
from attprior.portal.manifest import read_manifest
from attprior.project import Project
from attprior.search import definition
from attprior.sheet import is_accession, split_paths
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
    EXPERIMENTS = sheet.read_experiments(config["experiments"], may_be_empty="propose" in config)
    sheet.check_experiments(EXPERIMENTS, config)
    PROJECT = Project(config, SCHEMA, EXPERIMENTS)
    settings.check_footprints(config["footprints"], PROJECT.conditions)
    definition.check(config, SCHEMA, PROJECT.conditions)
    LOCI = read_loci(config["locus"]) if config["locus"] else {}
    ANALYSES = analysis_registry.registered()
    MOTIF_SETS = motif_sets(config["motifs"]["databases"])
    if config["motifs"]["homer"]["known_motifs"]:
        key = "config key 'motifs/homer/known_motifs'"
        check_format(key, config["motifs"]["homer"]["known_motifs"], "homer")
    kept = config["manifest"]
    kept = read_manifest(kept, config["genome"]["name"]) if kept else None
    GIVEN = Given(PROJECT, PATHVARS.apply, kept)
except InputError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for line in sheet.shared_alignments(EXPERIMENTS):
        print(f"{config['experiments']}: {line}.", file=sys.stderr)

CONDITIONS = PROJECT.conditions
MODELS = PROJECT.models
FOLDS = PROJECT.folds
SEEDS = config["training"]["seeds"]
COMPARISONS = config["comparisons"]
RESOLVED = GIVEN.resolved
# folders of results
EXPERIMENT = "<results>/experiments/{experiment}"
CONDITION = "<results>/conditions/{condition}"
HOMER = f"{CONDITION}/homer"
ARM = f"{CONDITION}/{{model}}/{{arm}}"
COMPARED = f"{CONDITION}/{{model}}/comparisons/{{comparison}}"
SEARCHED = "<results>/search/{search}"
LOOKED = "<results>/loci/{locus}/{condition}/{model}"
# a resource, since another device is no reason to train again
DEVICE = config["training"]["device"]
# figures take seconds: where jobs go to a cluster, Snakemake draws them itself; False submits them
PLOTS_ARE_LOCAL = True

GENOME = GIVEN.genome
SEQUENCE = GIVEN.sequence  # what models read
PLANTED_TASKS = [task for condition in CONDITIONS for task in PROJECT.tasks(condition)]

# motifs that patterns are matched to, by the name of their set
DATABASES = {name: file or f"<resources>/motifs/{name}.meme" for name, file in MOTIF_SETS.items()}
if config["motifs"]["homer"]["enabled"]:
    DATABASES |= zip(HOMER_SETS, [f"{HOMER}/de_novo.meme", f"{HOMER}/known.meme"])

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


# Of all rules


def code_of(script, *modules):
    """Hash of the library files that a script runs: their edit reruns its rule."""
    return provenance.code_hash(SCRIPTS / script, *modules)


def code_with_model(script):
    """Hash of the library files that a script runs, with those of the model's architecture."""
    return lambda wildcards: code_of(
        script, PROJECT.architecture(wildcards.model, wildcards.arm).path
    )


def calls(function, script="call.py"):
    """Params of a rule whose script calls a function of the library, such as reads.check.check_reads."""
    file = provenance.PACKAGE.joinpath(*function.split(".")[:-1]).with_suffix(".py")
    return {"function": function, "code": code_of(script, file)}


def draws(function):
    """Params of a rule that draws a figure by a function of the library."""
    return calls(function, "plot.py")


def templates(*names):
    """Params that name templates of `report/templates`, an edit of which reruns the rule."""
    paths = [TEMPLATES / name for name in names]
    return {
        # made from input, so that another place of the workflow reruns nothing
        "templates": lambda wildcards, input: list(map(str, paths)),
        "texts": list(map(provenance.file_hash, paths)),
    }


def block(section, *keys):
    """Params of a rule that are keys of a section of the config; None in a run without the section."""
    found = config
    for part in section.split("/"):
        found = found.get(part, {})
    return {key: found.get(key) for key in keys}


def untracked(*keys):
    """A config value whose change reruns nothing: Snakemake tracks no param that is made from input."""

    def value(wildcards, input):
        found = config
        for key in keys:
            found = found[key]
        return found

    return value


# MB that the rules ask for
MEMORY = []


def needs(mem_mb, runtime):
    """Resources of a rule: memory (MB) and time (such as 12h), which grow with each attempt."""
    MEMORY.append(mem_mb)
    number, unit = int(runtime[:-1]), runtime[-1]
    return {
        "mem_mb": lambda wildcards, attempt: mem_mb * attempt,
        "runtime": lambda wildcards, attempt: f"{number * attempt}{unit}",
    }


def reported(names, category, show, caption):
    """Keywords of `report` for an output with wildcards of these names.

    The report makes a switch of a label that has two values, if it is the only such and not the
    first. So what there are two of is a switch, and what else there are several of makes folders.
    """
    several = [name for name in names if RESULTS_OF[name] > 1]
    switched = next((name for name in several if RESULTS_OF[name] == 2), None)
    folders = [f"{{{name}}}" for name in several if name != switched]
    return {
        "caption": caption,
        "category": CATEGORIES[category],
        "subcategory": ", ".join(folders) or None,
        "labels": {"show": show} | {name: f"{{{name}}}" for name in names},
    }


def reported_as(category, **labels):
    """Keywords of `report` for an output that stands in its category by itself."""
    name = labels.pop("caption", category)
    return {
        "caption": f"../report/{name}.rst",
        "category": CATEGORIES[category],
        "labels": labels,
    }


# Of experiments


def files_of(experiment, role):
    """Paths of an experiment's alignments, peaks or relaxed_peaks: the sheet's, else the portal's."""
    if PROJECT.is_called(experiment, role):
        return [f"<results>/experiments/{experiment}/macs3/{role}.narrowPeak"]
    given = split_paths(PROJECT.row(experiment)[role])
    if given or not is_accession(experiment):
        # one that has a URL is brought here first
        return [
            f"<resources>/files/{experiment}/{file_name(place)}" if is_url(place) else place
            for place in given
        ]
    files = manifest(experiment)
    urls = files.url[files.role == role]
    return [f"<resources>/encode/{experiment}/{url.rpartition('/')[2]}" for url in urls]


def url_of(wildcards):
    """URL of a file that a row names so."""
    given = PROJECT.row(wildcards.experiment)
    for role in ("alignments", "peaks", "relaxed_peaks"):
        for place in filter(is_url, split_paths(given[role])):
            if file_name(place) == wildcards.name:
                return place
    raise WorkflowError(
        f"no row of {config['experiments']} has a URL that ends in {wildcards.name}"
    )


def manifest(experiment):
    """The portal's files of an experiment, once they are resolved; at once those that are kept."""
    if experiment in RESOLVED:
        return RESOLVED[experiment]
    path = checkpoints.resolve.get(experiment=experiment).output[0]
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def in_manifest(column):
    """Param function: a download's column of the manifest."""
    # not from input: Snakemake does not track params that are made of it
    return lambda wildcards: (
        manifest(wildcards.experiment).set_index("file").loc[wildcards.file, column]
    )


def alignments_of(wildcards):
    """Alignments of an experiment, a list."""
    return files_of(wildcards.experiment, "alignments")


def bams_of(wildcards):
    """Alignments of an experiment that are BAM or CRAM, a list."""
    found = [path for path in alignments_of(wildcards) if file_format(path) in ("bam", "cram")]
    if not found:
        raise WorkflowError(f"{wildcards.experiment} has no BAM or CRAM files to be filtered")
    return found


def peaks_of(role):
    """Input function: the file of an experiment's peaks, if it has one."""
    return lambda wildcards: (files_of(wildcards.experiment, role) or [[]])[0]


def reads_of(experiment):
    """Files of an experiment's reads: BAM and CRAM filtered and merged, text as it is."""
    files = files_of(experiment, "alignments")
    if any(file_format(path) == "bigwig" for path in files):
        raise WorkflowError(
            f"{config['experiments']}: {experiment} has bigWigs, so {sheet.CALLED} can't call "
            "peaks of it or against it; give reads in column alignments, or a file of peaks"
        )
    text = [path for path in files if file_format(path) in ("bed", "bedpe")]
    merged = f"<results>/experiments/{experiment}/reads.bam"
    return text if len(text) == len(files) else [merged, *text]


def checks_of_called(wildcards):
    """Tables of the checks of an experiment's alignments and of its control's."""
    names = filter(None, [wildcards.experiment, control_of(wildcards.experiment)])
    return [f"<results>/experiments/{name}/reads.checked" for name in names]


def of_bams(name):
    """Input function: a file of an experiment that has BAM or CRAM files."""
    return lambda wildcards: f"{EXPERIMENT}/{name}" if PROJECT.has_bam(wildcards.experiment) else []


def of_reads(name):
    """Input function: a file of an experiment that has reads, rather than bigWigs."""
    return lambda wildcards: (
        [] if PROJECT.formats(wildcards.experiment) == ["bigwig"] else f"{EXPERIMENT}/{name}"
    )


def reads_of_control(wildcards):
    """The filtered reads of an experiment's control, if that has BAM or CRAM files."""
    control = control_of(wildcards.experiment)
    has_reads = control and PROJECT.has_bam(control)
    return f"<results>/experiments/{control}/reads.bam" if has_reads else []


def tracks_of(experiment):
    """BigWigs of an experiment: plus and minus strand, or one without strands."""
    return [f"<results>/experiments/{experiment}/{name}.bw" for name in PROJECT.tracks(experiment)]


def control_of(experiment):
    """Control of an experiment, whose files are known too; an empty string if it has none."""
    control = control_name(experiment)
    if PROJECT.on_portal(control):
        # asked for here: once the portal's answer is there, Snakemake looks again at jobs that wait
        # for it, but not at jobs that come up only then
        manifest(control)
    return control


def control_name(experiment):
    """Name of an experiment's control; an empty string if it has none."""
    control = PROJECT.row(experiment)["control"]
    if control == "auto":
        return manifest(experiment).control.iloc[0]
    return "" if control == "none" else control


def on_portal():
    """Accessions whose files the portal has, controls included."""
    named = [*EXPERIMENTS.index, *filter(None, map(control_name, EXPERIMENTS.index))]
    return list(filter(PROJECT.on_portal, dict.fromkeys(named)))


def sheet_manifests(wildcards):
    """Manifests of the sheet's own experiments: asked about in parallel, before their controls are."""
    names = [name for name in EXPERIMENTS.index if PROJECT.on_portal(name) and name not in RESOLVED]
    return collect("<resources>/manifest/{name}.tsv", name=names)


def new_manifests(wildcards):
    """Manifests of all experiments that the portal is asked about."""
    names = [name for name in on_portal() if name not in RESOLVED]
    return collect("<resources>/manifest/{name}.tsv", name=names)


def fetched(wildcards):
    """Every file of the portal that the sheet or the kept manifest names."""
    names = dict.fromkeys([*on_portal(), *RESOLVED])
    return [
        f"<resources>/encode/{name}/{url.rpartition('/')[2]}"
        for name in names
        for url in manifest(name).url
    ]


def unresolved():
    """Experiments of the sheet of whose files nothing is known yet."""
    folder = Path(PATHVARS.apply("<resources>/manifest"))
    return [
        name
        for name in EXPERIMENTS.index
        if PROJECT.on_portal(name)
        and name not in RESOLVED
        and not (folder / f"{name}.tsv").exists()
    ]


def proposal(key):
    """What `propose` is asked."""
    if "propose" not in config:
        raise WorkflowError(
            "propose what? Give the config key, such as "
            "--config propose='{target: GATA2, assay: TF ChIP-seq, assembly: GRCh38}'"
        )
    return config["propose"][key]


def proposed():
    """Path, less its ending, of what `propose` writes."""
    named = "_".join(filter(None, [proposal("target"), proposal("biosample")]))
    return PATHVARS.apply(f"<results>/propose/{re.sub(r'[^A-Za-z0-9_.-]+', '_', named)}")


def controlled():
    """All experiments and their controls, each once."""
    if EXPERIMENTS.empty:
        raise WorkflowError(f"{config['experiments']}: no experiments; add a row for each")
    controls = filter(None, map(control_of, EXPERIMENTS.index))
    return list(dict.fromkeys([*EXPERIMENTS.index, *controls]))


def of_controlled(*names):
    """Input function: files of all experiments and their controls."""
    return lambda wildcards: [
        f"<results>/experiments/{experiment}/{name}"
        for name in names
        for experiment in controlled()
    ]


# Of conditions


def task_tracks(wildcards):
    """BigWigs of all tasks of a condition."""
    return [path for task in PROJECT.tasks(wildcards.condition) for path in tracks_of(task)]


def controls(condition):
    """Control of each task of a condition, in the order of its tasks."""
    return [control_of(task) for task in PROJECT.tasks(condition)]


def control_tracks(wildcards):
    """BigWigs of all controls of a condition, each once."""
    names = dict.fromkeys(filter(None, controls(wildcards.condition)))
    return [path for name in names for path in tracks_of(name)]


def task_peaks(wildcards):
    """Peaks of all tasks of a condition."""
    tasks = PROJECT.tasks(wildcards.condition)
    return collect("<results>/experiments/{task}/peaks.narrowPeak", task=tasks)


def with_relaxed(condition):
    """Tasks of a condition that have relaxed peaks."""
    return [task for task in PROJECT.tasks(condition) if files_of(task, "relaxed_peaks")]


def relaxed_peaks(wildcards):
    """Relaxed peaks of the tasks of a condition that have any."""
    tasks = with_relaxed(wildcards.condition)
    return collect("<results>/experiments/{task}/relaxed_peaks.narrowPeak", task=tasks)


def instance_motifs(wildcards):
    """Motif files of a condition's sets of instances, by the sets' names."""
    databases = [chosen["database"] for chosen in GIVEN.instance_sets(wildcards.condition).values()]
    return [
        f"<resources>/motifs/{name}.meme" if name.startswith("jaspar_") else name
        for name in databases
    ]


# Of models and comparisons


def arm_settings(wildcards):
    """Settings of a model in an arm, as text: what its training depends on, nothing else."""
    return settings.as_text(PROJECT.settings(wildcards.model, wildcards.arm))


def main_head(wildcards):
    """The head of a model that comparisons analyse."""
    return PROJECT.heads(wildcards.model)[0]


def of_arms(path, arms=None):
    """Input function: a file of each arm, by default of those of the comparison.

    It is of the model's main head, and in every fold, where its path names them.
    """
    return lambda wildcards: expand(
        path,
        **{name: value for name, value in wildcards.items() if name != "comparison"},
        arm=arms or COMPARISONS[wildcards.comparison],
        fold=FOLDS,
        first_fold=FOLDS[0],
        head=main_head(wildcards),
    )


def predicted_tracks(wildcards):
    """BigWigs of both arms' predicted profiles, if the model predicts any."""
    if not PROJECT.predicts_profiles(wildcards.model):
        return []
    return [
        f"{CONDITION}/{wildcards.model}/{arm}/predictions/{task}/{track}.bw"
        for arm in COMPARISONS[wildcards.comparison]
        for task in PROJECT.tasks(wildcards.condition)
        for track in PROJECT.tracks(task)
    ]


def attributed():
    """Contributions and motif instances of every condition, model and arm that is compared."""
    motifs = ("hits.bed", "sites.bed", "report/report.html")
    paths = ["attributions/{head}.bw", *(f"motifs/{{head}}/{name}" for name in motifs)]
    return [
        path
        for condition in CONDITIONS
        for model in MODELS
        for path in expand(
            [f"{ARM}/{path}" for path in paths],
            condition=condition,
            model=model,
            arm=PROJECT.arms,
            head=PROJECT.heads_of_tasks(model, condition),
        )
    ]


# what some analyses need: whose it is, whether that has it, and what the report says if not
NEEDS = {
    "known sites": ("condition", GIVEN.has_sites, "no known sites; see truth/sites"),
    "sets of bases": (
        "condition",
        GIVEN.has_sets,
        "no footprints, motifs or peaks of others; see footprints",
    ),
    "profiles": ("model", PROJECT.predicts_profiles, "predicts no profiles"),
}


def analyses(condition, model):
    """Analyses of a comparison: those whose inputs the condition and the model have."""
    names = {"condition": condition, "model": model}
    return [
        name
        for name, analysis in ANALYSES.items()
        if not analysis.needs or NEEDS[analysis.needs][1](names[NEEDS[analysis.needs][0]])
    ]


def left_out():
    """Analyses that conditions or models lack the inputs of, as text."""
    reasons = []
    for name, analysis in ANALYSES.items():
        if analysis.needs:
            whose, has, reason = NEEDS[analysis.needs]
            names = {"condition": CONDITIONS, "model": MODELS}[whose]
            reasons.append((TITLES[name], [each for each in names if not has(each)], reason))
    homer = [] if config["motifs"]["homer"]["enabled"] else CONDITIONS
    reasons.append((TITLES["homer"], homer, "needs conda; see motifs/homer/enabled"))
    return [
        f"{title} of {', '.join(names)} ({reason})" for title, names, reason in reasons if names
    ]


def tested():
    """Condition, model, comparison and analysis of all tables of tests."""
    return [
        (condition, model, comparison, analysis)
        for condition, model, comparison in PROJECT.compared()
        for analysis in analyses(condition, model)
        if "tests" in ANALYSES[analysis].tables
    ]


def figures():
    """Figures and tables of every comparison, condition and model."""
    compared = f"{COMPARED}"
    return [
        f"{compared.format(condition=condition, model=model, comparison=comparison)}/{name}"
        for condition, model, comparison in PROJECT.compared()
        for name in (
            *expand("{name}.{ending}", name=analyses(condition, model), ending=["svg", "tsv"]),
            "browser.html",
        )
    ]


# what analyses read beside files of their arms
SOURCES = {
    # known, or else instances of the motifs that the arms found
    "sites": lambda wildcards: (
        GIVEN.known_sites(wildcards.condition)
        or of_arms(f"{ARM}/motifs/{{head}}/sites.bed")(wildcards)
    ),
    "known sites": GIVEN.sites or [],
    "planted motifs": GIVEN.motifs or [],
    "folds": expand(f"{CONDITION}/folds/{{fold}}.tsv", fold=FOLDS, allow_missing=True),
    "labels": f"{CONDITION}/labels.h5",
    "intervals": lambda wildcards: list(GIVEN.interval_sets(wildcards.condition).values()),
    "instance motifs": instance_motifs,
}
# their settings that are no config key
VALUES = {
    "folds": FOLDS,
    "tasks": lambda wildcards: PROJECT.tasks(wildcards.condition),
    "interval sets": lambda wildcards: list(GIVEN.interval_sets(wildcards.condition)),
    # one value with names in it, as Snakemake does not notice when two swap theirs
    "instance sets": lambda wildcards: settings.as_text(GIVEN.instance_sets(wildcards.condition)),
}


def source_of_analysis(place):
    """Input of an analysis, by what it declares to read."""
    return SOURCES[place] if place in SOURCES else of_arms(place.replace("{arm}", ARM))


def value_of(place):
    """Setting of an analysis, by what it declares."""
    section, _, key = place.partition("/")
    if section == "model":
        return lambda wildcards: lookup(key, within=PROJECT.settings(wildcards.model))
    return lookup(place, within=config) if key else VALUES[place]


def shown(analysis, table, show=None):
    """A table of an analysis; for the report if it is shown there."""
    path = f"{COMPARED}/{analysis}{'' if table == 'table' else f'.{table}'}.tsv"
    return report(path, **of_comparison(analysis, show)) if show else path


def of_comparison(category, show, caption=None):
    """Keywords of `report` for an output of a comparison, by default of an analysis."""
    caption = caption or f"../scripts/attprior/analyses/{category}/caption.rst"
    return reported(["condition", "model", "comparison"], category, show, caption)


# Of loci and searches


def loci(wildcards):
    """Figures of all loci, in all conditions, by all models."""
    if not LOCI:
        raise WorkflowError(
            "locus where? Give the config key, such as --config locus=chr1:1001-2000; see 'Look at "
            "one place' in config/README.md"
        )
    return expand(f"{LOOKED}/locus.svg", locus=LOCI, condition=CONDITIONS, model=MODELS)


def on_locus(kind):
    """Keywords of `report` for what is told of a locus."""
    labels = {"condition": "{condition}", "model": "{model}", "show": kind}
    return reported_as("locus", **labels) | {"subcategory": "{locus}"}


def searches(wildcards):
    """What comes out of every search; without one there is nothing to run."""
    if not config["search"]:
        raise WorkflowError(
            "config key 'search' names no search; see 'Search settings' in config/README.md"
        )
    files = ["trials.tsv", "best.yaml", "pareto.tsv", "pareto.svg"]
    return expand("<results>/search/{search}/{file}", search=config["search"], file=files)


def search_block(wildcards):
    """Block of a search in the config, complete."""
    return definition.complete(config, SCHEMA, wildcards.search)


def searched(path):
    """Input function: a file of the condition and fold that a search is on."""
    return lambda wildcards: path.format(
        **{key: search_block(wildcards)[key] for key in ("condition", "fold")}
    )


def search_code(wildcards):
    """Hash of the library files that trials run, with those of their architecture."""
    block = search_block(wildcards)
    return code_of("search_trials.py", PROJECT.architecture(block["model"], block["arm"]).path)


def on_search(kind):
    """Keywords of `report` for an output of a search."""
    return reported_as("search", show=kind) | {"subcategory": "{search}"}


# Of the run


def runs_elsewhere():
    """Whether jobs run on other machines, or in environments of their own."""
    return bool(workflow.non_local_exec or workflow.deployment_settings.deployment_method)


def bytes_to_come():
    """Size of the files of the portal that are known and not here yet."""
    sizes = 0
    for name in EXPERIMENTS.index:
        path = Path(PATHVARS.apply(f"<resources>/manifest/{name}.tsv"))
        if name in RESOLVED or path.is_file():
            files = RESOLVED[name] if name in RESOLVED else pd.read_csv(path, sep="\t", dtype=str)
            folder = PATHVARS.apply(f"<resources>/encode/{name}")
            here = [Path(folder, url.rpartition("/")[2]).exists() for url in files.url]
            sizes += files.file_size.astype(float)[[not there for there in here]].sum()
    return sizes


def needed_programs():
    """Programs that a run needs where jobs run here: name, what needs it, what to do without it."""
    if runs_elsewhere():
        return []
    apt = "install it, such as by apt-get install"
    wanted = [(name, "reads can't be read", f"{apt} {name}") for name in ("samtools", "bedtools")]
    if any(PROJECT.is_called(name, "peaks") for name in EXPERIMENTS.index):
        wanted.append(("macs3", "peaks are to be called", "start with bash envs/run --macs3 …"))
    if config["motifs"]["homer"]["enabled"]:
        advice = "use --sdm conda, or set motifs/homer/enabled: false"
        wanted.append(("findMotifsGenome.pl", "HOMER is on", advice))
    return wanted


def named_partitions():
    """Partitions of Slurm that the profile names."""
    given = workflow.resource_settings
    return sorted(
        set(
            re.findall(
                r"slurm_partition\W+(\w+)", f"{given.default_resources} {given.overwrite_resources}"
            )
        )
    )


def require_device():
    """Fail before the first job where jobs run here, by the torch that is here, without their GPU."""
    # torch takes seconds to import, and without a driver auto is the CPU
    if runs_elsewhere() or DEVICE == "cpu" or (DEVICE == "auto" and not DRIVER.exists()):
        return
    from attprior.training.device import choose_device

    try:
        choose_device(DEVICE)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def is_asked(target):
    """Whether the command line asks for a rule, by its name here: a module's may have a prefix."""
    return rules.has(target) and getattr(rules, target).rule.name in sys.argv


def write_report():
    """Write the report of a finished run, by the command line that ran it."""
    if any(map(is_asked, ("manifest", "fetch", "propose", "ready"))):
        return  # nothing of theirs is reported, and a report of an earlier run stays
    # a report of a target of its own leaves that of the whole run as it is
    places = {"search": "<results>/search", "locus": "<results>/loci"}
    place = next((places[target] for target in places if is_asked(target)), "<results>")
    path = PATHVARS.apply(f"{place}/report.html")
    style = workflow.source_path("../report/report.css")
    try:
        with atomic_write(path) as temporary:
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
        say_last([*found(), f"The report is at {path}"])


def found():
    """What a whole run found, in a few lines."""
    summary = Path(PATHVARS.apply("<results>/summary.tsv"))
    whole = not any(map(is_asked, ("search", "locus"))) and summary.is_file()
    return terminal.findings(pd.read_csv(summary, sep="\t")) if whole else []


def say_last(lines):
    """Print lines when all that Snakemake says is said."""
    atexit.register(print, "\n".join(lines), file=sys.stderr)
