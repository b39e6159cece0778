"""What config, sheet and kept manifest name: no such file may stand where a rule writes."""

from attprior.given import MOST_EXPERIMENTS, complaints
from attprior.outputs import Output, Outputs
from attprior.portal import web
from attprior.portal.search import check_query
from snakemake.io import strip_wildcard_constraints

# what a place that begins with <resources> may name before it is there
SIMULATION = ("simulate_genome", "simulate_experiment", "simulate_portal")
DRY_RUN = any(re.fullmatch(r"--dry-?run|-[Fpr]*n[Fpqr]*", argument) for argument in sys.argv)


def rule_outputs():
    """What the rules of this workflow write; of a module, its own alone."""
    for writer in workflow.modifier.rules:
        for file in filter(None, (*writer.output, *writer.log, writer.benchmark)):
            pattern = strip_wildcard_constraints(file)
            yield Output(writer.name, pattern, file.match, file.is_directory)
    if "propose" in config:
        for ending in (".tsv", ".peaks.tsv"):
            yield Output("propose", f"{proposed()}{ending}", f"{proposed()}{ending}".__eq__)


def is_simulated(output):
    """Whether the simulation writes an output."""
    made = [getattr(rules, name).rule.name for name in SIMULATION if rules.has(name)]
    return bool(GIVEN.simulated) and output.rule in made


def unchecked():
    """Experiments whose alignments no job has checked yet."""
    checked = PATHVARS.apply(f"{EXPERIMENT}/reads.checked")
    names = EXPERIMENTS.index
    return [name for name in names if not Path(checked.format(experiment=name)).is_file()]


def wrong_contents():
    """Say what the first jobs would find in files, which a dry-run can't do by itself."""
    if len(unchecked()) > MOST_EXPERIMENTS:
        print(
            f"Files of {len(unchecked())} experiments are checked by the first jobs of the run, not in "
            "this plan.",
            file=sys.stderr,
        )
    try:
        return list(GIVEN.wrong_contents(unchecked()))
    except InputError as error:  # of the genome itself
        return [str(error)]
    except ModuleNotFoundError as error:
        # with conda, Snakemake's own environment has not what jobs have
        print(f"What files hold is not checked in this plan: {error}.", file=sys.stderr)
        return []


if workflow.is_main_process:
    policy = web.Policy(
        hosts=tuple(config["portal"]["hosts"]),
        allow_http=config["portal"]["allow_http"],
        requests_per_second=config["portal"]["requests_per_second"],
    )
    PROBLEMS = [
        *GIVEN.missing_genome(),
        *GIVEN.taken_places(Outputs(rule_outputs()), policy, is_simulated),
        *GIVEN.missing_files(bool(unresolved())),
        *GIVEN.incomplete_experiments(control_name),
    ]
    if "propose" in config:
        PROBLEMS += complaints(check_query, proposal("target"), proposal("biosample"))
    elif DRY_RUN and not PROBLEMS:
        PROBLEMS += wrong_contents()
    if PROBLEMS:
        raise WorkflowError("\n".join(dict.fromkeys(PROBLEMS)))
