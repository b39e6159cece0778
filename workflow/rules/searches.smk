"""What is searched, on which data, and where it stands in the report."""

from attprior.search import definition

SEARCHED = "<results>/search/{search}"

try:
    definition.check(config, SCHEMA, CONDITIONS)
except InputError as error:
    raise WorkflowError(str(error)) from None


def searches(wildcards):
    """What comes out of every search; without one there is nothing to run."""
    if not config["search"]:
        raise WorkflowError(
            "config key 'search' names no search; see 'Search settings' in config/README.md"
        )
    return expand(
        f"{SEARCHED}/{{file}}",
        search=config["search"],
        file=["trials.tsv", "best.yaml", "pareto.tsv", "pareto.svg"],
    )


def searched(path):
    """Input function: a file of the condition and fold that a search is on."""

    def file(wildcards):
        block = definition.complete(config, SCHEMA, wildcards.search)
        place = f"<results>/conditions/{block['condition']}"
        return f"{place}/{path.format(fold=block['fold'])}"

    return file


def search_jobs(wildcards):
    """What the jobs of a search write."""
    number = definition.complete(config, SCHEMA, wildcards.search)["jobs"]
    return expand(f"{SEARCHED}/jobs/{{job}}.tsv", job=range(number), allow_missing=True)


def search_definition(wildcards):
    """What a search's trials depend on, as text."""
    return settings.as_text(definition.define(config, SCHEMA, wildcards.search))


def search_code(wildcards):
    """Hash of the library files that trials run, with those of their architecture."""
    block = definition.complete(config, SCHEMA, wildcards.search)
    chosen = resolved(block["model"], block["arm"])["architecture"]
    return provenance.code_hash(SCRIPTS / "search_trials.py", registry.declaration(chosen).path)


def search_report(kind):
    """Keywords of `report` for an output of a search."""
    return {
        "caption": "../report/search.rst",
        "category": CATEGORIES["search"],
        "subcategory": "{search}",
        "labels": {"show": kind},
    }
