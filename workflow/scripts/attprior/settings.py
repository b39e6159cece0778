"""Configuration and the sheet of experiments: checked, completed and resolved."""

import copy
import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd

from attprior.assays import (
    ASSAYS,
    FORMATS,
    control_assay,
    file_format,
    file_name,
    is_control,
    is_url,
)
from attprior.errors import InputError
from attprior.files import identity
from attprior.models import registry
from attprior.models.shapes import check_fit, check_limit
from attprior.motifs.formats import JASPAR_GROUPS
from attprior.text import read_cells

COLUMNS = ["condition", "experiment", "assay", "control", "alignments", "peaks", "relaxed_peaks"]
REQUIRED_COLUMNS = ["condition", "experiment", "assay"]
CALLED = "macs3"  # in the place of a file: peaks to be called
NOT_ON_PORTAL = ("chip-exo", "chip-nexus")
# what the names of bigWigs call the strands
STRAND_NAMES = (
    re.compile(r"(^|[._-])(plus|pos|positive|fwd|forward)([._-]|$)", re.IGNORECASE),
    re.compile(r"(^|[._-])(minus|neg|negative|rev|reverse)([._-]|$)", re.IGNORECASE),
)
ACCESSION = re.compile(r"^(ENC|TST)SR\d{3}[A-Z0-9]{3}$")
NAMED = ("models", "arms", "comparisons", "search")
NESTED = dict | list | None
# how YAML writes what is no text
WORDS: dict[Any, tuple[str, ...]] = {
    None: ("null", "~"),
    True: ("true", "yes", "on"),
    False: ("false", "no", "off"),
}
# leaves of a prior that no other kind reads
FOURIER = ("freq_limit", "softness", "smooth_sigma")

Config = dict[str, Any]


def is_accession(name: str) -> bool:
    """Whether a name is an experiment's accession of the ENCODE portal."""
    return bool(ACCESSION.match(name))


def split_paths(text: str) -> list[str]:
    """Paths of a cell that lists them with commas."""
    return [path.strip() for path in text.split(",") if path.strip()]


def complete(config: Mapping, schema: Mapping) -> Config:
    """Check a configuration against its schema and fill in the defaults.

    Entries of `models`, `arms`, `comparisons`, `search` and `training/folds` that are null are
    removed, so that a later file can take out what an earlier one named. Text that stands where only
    a number, a boolean or null can becomes that, as all of a nested `--config` is text to Snakemake.

    Raises
    ------
    InputError
        For an unknown key (with the nearest known one), a missing key or a wrong value.
    """
    config = typed(dict(config), schema)
    training = config.get("training")
    folds = training.get("folds") if isinstance(training, dict) else None
    for section in [*(config.get(name) for name in NAMED), folds]:
        if isinstance(section, dict):
            for name in [name for name, value in section.items() if value is None]:
                del section[name]
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if errors:
        raise InputError("\n".join(_message(error) for error in errors))
    _fill(config, schema)
    return config


def typed(value: Any, schema: Any, place: str = "") -> Any:
    """Copy of a value of the configuration whose leaves are of the types that the schema wants.

    Parameters
    ----------
    schema
        Of the value; what it says nothing of stays as it is.
    place
        Path of the value, for messages.

    Raises
    ------
    InputError
        For a name that is no text, a date and the like, and a number that is not finite.
    """
    schema = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, Mapping):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key in value:
            if not isinstance(key, str):
                raise InputError(
                    f"{_where(place)} has the name {key!r}, which is no text: YAML takes no, off, yes, "
                    'on and null, numbers and dates for other things; quote it, as in "no": or "1":'
                )
        return {
            key: typed(own, known.get(key, others), f"{place}/{key}" if place else key)
            for key, own in value.items()
        }
    if isinstance(value, list):
        return [
            typed(own, schema.get("items"), f"{place}/{number}") for number, own in enumerate(value)
        ]
    if not isinstance(value, str | int | float | None):
        raise InputError(
            f"{_where(place)} is {value!r}, which is no text, number, boolean or null; quote it"
        )
    wanted = {key: schema[key] for key in ("type", "enum", "anyOf") if key in schema}
    fits = jsonschema.Draft202012Validator(wanted).is_valid
    if isinstance(value, str):
        meant = _meant(value)
        # a text that may stand there stays, but for null
        if wanted and fits(meant) and (meant is None or not fits(value)):
            value = meant
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{_where(place)} is {value}; give a finite number")
        if value.is_integer() and fits(value) and not fits(value + 0.5):
            value = int(value)
    return value


def _meant(text: str) -> Any:
    """Null, boolean or number that a text stands for; the text itself where it stands for none."""
    for meant, words in WORDS.items():
        if text.lower() in words:
            return meant
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _where(place: str) -> str:
    return f"config key '{place}'" if place else "the config"


def _fill(config: Config, schema: Mapping) -> None:
    for key, value in schema.get("properties", {}).items():
        if key not in config and "default" in value:
            config[key] = copy.deepcopy(value["default"])
        if isinstance(config.get(key), dict):
            _fill(config[key], value)


def _message(error: jsonschema.ValidationError) -> str:
    place = "/".join(str(part) for part in error.absolute_path)
    where = _where(place)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        lines = []
        for key in (key for key in error.instance if key not in known):
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            lines.append(
                f"unknown config key '{'/'.join(filter(None, [place, str(key)]))}': {hint}"
            )
        return "\n".join(lines)
    if error.validator == "enum":
        return f"{where} is {error.instance!r}; choose one of {', '.join(map(str, error.validator_value))}"
    if error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        # YAML takes 1 for a number and no for false
        text = "string" in error.validator_value
        hint = "; quote it" if text and not isinstance(error.instance, NESTED) else ""
        return f"{where} is {error.instance!r}; expected {wanted}{hint}"
    if error.validator == "anyOf":
        return f"{where} is {error.instance!r}; expected: {error.schema['description']}"
    return f"{where}: {error.message}"


def resolve(config: Mapping, schema: Mapping, model: str, arm: str | None = None) -> Config:
    """Settings of a model in an arm: the architecture's defaults, `training`, the model's block and
    the arm's own, in this order.

    Later ones win leaf by leaf. Leaves that the architecture does not read, and those of a prior that
    have no effect in the arm, are dropped, so that an edit of them concerns only what has them.
    Without an arm, these are the model's own settings, whole.

    Raises
    ------
    InputError
        For an unknown architecture.
    """
    settings = layered(config, schema, model, arm)
    registry.set_limit(settings)
    return settings


def layered(config: Mapping, schema: Mapping, model: str, arm: str | None = None) -> Config:
    """Settings as `resolve` gives them, but with a `prior/freq_limit` of None where the config has none."""
    layers = [config["training"], config["models"][model]]
    layers += [] if arm is None else [config["arms"][arm]]
    architecture = next(
        layer["architecture"] for layer in reversed(layers) if "architecture" in layer
    )
    defaults = registry.declaration(architecture).defaults
    settings: Config = {}
    for layer in (defaults, {"prior": {"freq_limit": None}}, *layers):
        _update(settings, layer)
    read = read_by(defaults, schema)
    settings = {key: value for key, value in settings.items() if key in read}
    for name, default in defaults.get("options", {}).items():
        own = settings["options"][name]
        if isinstance(own, str) and not isinstance(default, str | None):
            settings["options"][name] = _meant(own)
    if arm is None:
        return settings
    prior = settings["prior"]
    if prior["kind"] == "none":
        settings["prior"] = {"kind": "none"}
    elif prior["kind"] != "fourier":
        settings["prior"] = {key: prior[key] for key in prior if key not in FOURIER}
    return settings


def read_by(defaults: Mapping, schema: Mapping) -> set[str]:
    """Settings that an architecture of such defaults reads: its own, and those of all training."""
    leaves = schema["$defs"]["settings"]["properties"]
    return {key for key, leaf in leaves.items() if "default" in leaf} | set(defaults)


def _update(settings: Config, layer: Mapping) -> None:
    for key, value in layer.items():
        if isinstance(value, Mapping) and isinstance(settings.get(key), dict):
            _update(settings[key], value)
        else:
            settings[key] = copy.deepcopy(value)


def _kind(value: Any) -> str:
    """What a value of an option is, in words."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return {str: "text", list: "a list", dict: "an object"}.get(type(value), "null")


def model_heads(config: Mapping, schema: Mapping, model: str, arm: str | None = None) -> list[str]:
    """Heads of a model that are attributed: those of `attribution/heads` that it has, in order."""
    architecture = resolve(config, schema, model, arm)["architecture"]
    has = registry.HEADS[registry.declaration(architecture).examples]
    return [head for head in config["attribution"]["heads"] if head in has]


def as_text(settings: Mapping | Sequence) -> str:
    """Settings as one line of JSON, the same for equal settings."""
    return json.dumps(settings, sort_keys=True)


def read_experiments(path: str | Path, may_be_empty: bool = False) -> pd.DataFrame:
    """Read and check the sheet of experiments.

    Parameters
    ----------
    path
        TSV, a row per experiment.
    may_be_empty
        Whether a sheet without rows is taken too, as where its rows are still looked for.

    Returns
    -------
    pandas.DataFrame
        A row per experiment, indexed by its name; columns `COLUMNS` without `experiment`, empty
        strings where the sheet has nothing.

    Raises
    ------
    InputError
        For a missing file or column, a row of too many cells, a repeated or ill-named experiment,
        an unknown assay or control, and local files that are missing or half given.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; config key 'experiments' names the sheet")
    found = read_cells(path)
    if not found:
        raise InputError(f"{path}: empty; its first line names columns: {', '.join(COLUMNS)}")
    (_, header), *rows = found
    sheet = pd.DataFrame([cells for _, cells in rows], columns=header, dtype=str)
    missing = [column for column in REQUIRED_COLUMNS if column not in sheet]
    if missing:
        raise InputError(
            f"{path}: column {', '.join(missing)} is missing; found {', '.join(sheet.columns)} "
            "(columns are separated by tabs)"
        )
    for column in sheet.columns.difference(COLUMNS):
        near = difflib.get_close_matches(column, COLUMNS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known columns: {', '.join(COLUMNS)}"
        raise InputError(f"{path}: unknown column '{column}'; {hint}")
    if sheet.empty and not may_be_empty:
        raise InputError(
            f"{path}: no experiments; add a row per experiment (`snakemake propose` finds some)"
        )
    sheet = sheet.reindex(columns=COLUMNS, fill_value="")
    for (number, _), row in zip(rows, sheet.to_dict("records"), strict=True):
        _check_row(f"{path}, line {number}", row, sheet)
    repeated = sheet.experiment[sheet.experiment.duplicated()]
    if len(repeated):
        raise InputError(
            f"{path}: experiment {repeated.iloc[0]} stands in more than one row; a row per experiment"
        )
    return sheet.set_index("experiment")


def _check_row(where: str, row: Mapping[str, str], sheet: pd.DataFrame) -> None:
    name = row["experiment"]
    for column in ("condition", "experiment"):
        # not . or .., which are folders
        if not re.fullmatch(r"(?!\.+$)[A-Za-z0-9_.-]*", row[column]):
            raise InputError(
                f"{where}: {column} '{row[column]}' becomes part of file names; "
                "use letters, digits, '_', '.' and '-'"
            )
    if not name:
        raise InputError(f"{where}: no experiment; give an accession or a name of your own")
    if row["assay"] not in ASSAYS:
        near = difflib.get_close_matches(row["assay"], ASSAYS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known assays: {', '.join(ASSAYS)}"
        raise InputError(f"{where}: unknown assay '{row['assay']}' of {name}; {hint}")
    control_row = is_control(row["assay"])
    if control_row == bool(row["condition"]):
        want = "leave it empty, other rows name it in 'control'" if control_row else "give one"
        raise InputError(f"{where}: condition of {name} is '{row['condition']}'; {want}")
    if not row["alignments"] and not is_accession(name):
        raise InputError(
            f"{where}: '{name}' is no accession (such as ENCSR000BGQ) and has no alignments; "
            "correct the accession, or give files in column alignments"
        )
    if not (control_row or row["peaks"] or is_accession(name)):
        raise InputError(
            f"{where}: {name} has alignments but no peaks; give a narrowPeak file, or {CALLED} to "
            "have them called"
        )
    if row["assay"] in NOT_ON_PORTAL and not (row["alignments"] and row["peaks"]):
        raise InputError(
            f"{where}: {name} is {row['assay']}, which the portal is not asked for; give files in "
            "the columns alignments and peaks"
        )
    _check_files(where, row)
    _check_alignments(where, row)
    control = row["control"]
    if control == name and control not in ("auto", "none"):
        raise InputError(
            f"{where}: control of {name} is {name} itself, from which its reads could be copied; "
            "name another experiment, or none"
        )
    known = control in ("", "auto", "none") or is_accession(control)
    if not known and control not in set(sheet.experiment):
        raise InputError(
            f"{where}: control '{control}' of {name} is neither auto, none, an accession nor the "
            "experiment of another row"
        )
    if control == "auto" and not (is_accession(name) and row["assay"] == "tf-chip"):
        raise InputError(
            f"{where}: control of {name} is auto, which only accessions of tf-chip can have; "
            "write none, an accession, or the experiment of another row"
        )


def _check_files(where: str, row: Mapping[str, str]) -> None:
    """Check that a row's files are there, or have URLs by which they can be told apart."""
    for column in ("peaks", "relaxed_peaks"):
        files = split_paths(row[column])
        if len(files) > 1:
            raise InputError(
                f"{where}: {column} of {row['experiment']} lists {len(files)} files; give one"
            )
    names: dict[str, str] = {}
    for column in ("alignments", "peaks", "relaxed_peaks"):
        for file in split_paths(row[column]):
            of = f"{where}: {column} of {row['experiment']}"
            if file == CALLED and column != "alignments":
                continue
            if column != "alignments" and file_format(file) == "bigwig":
                raise InputError(f"{of}: {file} is a bigWig; give a narrowPeak or BED file")
            if not is_url(file):
                if not Path(file).is_file():
                    raise InputError(f"{of}: no file {file}")
                continue
            name = file_name(file)
            if not re.fullmatch(r"[A-Za-z0-9_.+-]+", name):
                raise InputError(
                    f"{of}: the URL {file} ends in '{name}', which can't be a file name here; "
                    "download it yourself, and give its path"
                )
            if names.setdefault(name, file) != file:
                raise InputError(
                    f"{of}: {names[name]} and {file} have the same name; download one of them "
                    "yourself, and give its path"
                )


def _check_alignments(where: str, row: Mapping[str, str]) -> None:
    """Check the formats of a row's alignments, and the order of its bigWigs."""
    files = split_paths(row["alignments"])
    of = f"{where}: alignments of {row['experiment']}"
    for file in files:
        if file_format(file) is None:
            endings = ", ".join(ending for endings in FORMATS.values() for ending in endings)
            raise InputError(
                f"{of}: {file} is of no known format; names end in {endings} (BED, tagAlign and "
                "bedpe also in .gz)"
            )
    seen: dict[object, str] = {}
    for file in files:
        first = seen.setdefault(source(file), file)
        if first is not file:
            again = "" if first == file else f" (as {first} too)"
            raise InputError(f"{of}: {file} is listed twice{again}, so its reads would count twice")
    bigwigs = [file for file in files if file_format(file) == "bigwig"]
    if not bigwigs:
        return
    if len(bigwigs) < len(files):
        raise InputError(
            f"{of}: bigWigs and files of reads together; give one or the other, as bigWigs are "
            "counted already"
        )
    if CALLED in (row["peaks"], row["relaxed_peaks"]):
        raise InputError(
            f"{of}: peaks can't be called ({CALLED}) from bigWigs; give a narrowPeak file"
        )
    strands = ASSAYS[row["assay"]]
    if len(bigwigs) % len(strands):
        raise InputError(
            f"{of}: {len(bigwigs)} bigWigs, but {row['assay']} has one of the plus and one of the "
            "minus strand for each replicate; list them plus, minus, plus, minus"
        )
    if len(strands) == 1:
        return
    for place, strand in enumerate(strands):
        own, other = STRAND_NAMES[place], STRAND_NAMES[1 - place]
        for name in map(file_name, bigwigs[place::2]):
            if other.search(name) and not own.search(name):
                raise InputError(
                    f"{of}: {name} stands where a {strand} strand is expected, but its name says "
                    "otherwise; list bigWigs plus, minus, plus, minus (or rename it)"
                )


def source(file: str) -> object:
    """What a path or URL of the sheet names: the same for all names of one file."""
    return file if is_url(file) else identity(file)


def check_footprints(footprints: Mapping, conditions: Sequence[str]) -> None:
    """Check the sets of bases in which attributions are measured.

    Parameters
    ----------
    footprints
        Block of the completed configuration.
    conditions
        Those of the sheet.

    Raises
    ------
    InputError
        If the sheet has none of the conditions, for two sets of one name, and for an unknown
        database.
    """
    named = [*footprints["intervals"], *footprints["motifs"]]
    # some may be of another sheet: a config is laid over many
    if named and not set(named) & set(conditions):
        raise InputError(
            f"config key 'footprints' is of {', '.join(dict.fromkeys(named))}; the sheet's "
            f"conditions are {', '.join(conditions) or 'none'}"
        )
    for condition, sets in footprints["motifs"].items():
        for name, chosen in sets.items():
            key, database = f"config key 'footprints/motifs/{condition}/{name}'", chosen["database"]
            if name in footprints["intervals"].get(condition, {}):
                raise InputError(f"{key}: a set of intervals has this name too; change one")
            group = database.removeprefix("jaspar_")
            if group != database and group not in JASPAR_GROUPS:
                raise InputError(
                    f"{key}: JASPAR has no group '{group}'; choose of {', '.join(JASPAR_GROUPS)}"
                )


def check_experiments(sheet: pd.DataFrame, config: Mapping) -> None:
    """Check what concerns several rows, or rows and the config.

    Parameters
    ----------
    sheet
        As `read_experiments` gives it.
    config
        Completed configuration.

    Raises
    ------
    InputError
        If a condition mixes tracks with and without strands, or experiments with a control and
        without; if a control shares alignments with its user, has tracks of another kind, or bigWigs
        where peaks are called against it; or if duplicates are to be left out of files that do not
        mark them.
    """
    path = config["experiments"]
    for condition, rows in sheet[sheet.condition != ""].groupby("condition", sort=False):
        kinds = {name: len(ASSAYS[assay]) for name, assay in rows.assay.items()}
        if len(set(kinds.values())) > 1:
            named = [
                f"{', '.join(name for name, n in kinds.items() if n == number)} {text}"
                for number, text in ((2, "with strands"), (1, "without"))
            ]
            raise InputError(
                f"{path}: condition {condition} mixes experiments: {'; '.join(named)}. One model "
                "can't have both: give them conditions of their own"
            )
        without = rows.index[rows.control.isin(["", "none"])]
        if 0 < len(without) < len(rows):
            raise InputError(
                f"{path}: condition {condition} mixes experiments with a control "
                f"({', '.join(rows.index.difference(without, sort=False))}) and without "
                f"({', '.join(without)}); in one condition give every experiment a control, or none"
            )
    of_controls: dict[str, str] = {}
    for name, row in sheet.iterrows():
        control = row["control"]
        if control in ("", "none", "auto"):
            continue
        listed = sheet.assay.get(control)
        first = of_controls.setdefault(control, name)
        assay = listed or control_assay(sheet.assay[first])
        if ASSAYS[assay] != ASSAYS[row["assay"]]:
            why = "" if listed else f", as {first} names it too"
            raise InputError(
                f"{path}: the control of {name} ({row['assay']}) is {control} ({assay}{why}), but "
                f"their tracks are not of one kind: {', '.join(ASSAYS[row['assay']])} and "
                f"{', '.join(ASSAYS[assay])}; name a {control_assay(row['assay'])}"
            )
        if not listed:
            continue
        own = {source(file) for file in split_paths(row["alignments"])}
        files = split_paths(sheet.alignments[control])
        for file in files:
            if source(file) in own:
                raise InputError(
                    f"{path}: the control of {name} is {control}, but {file} is in the alignments of "
                    "both, so that the control would tell the reads that are to be predicted; give "
                    "the control its own files, or none"
                )
        called = CALLED in (row["peaks"], row["relaxed_peaks"])
        if called and any(file_format(file) == "bigwig" for file in files):
            raise InputError(
                f"{path}: the control of {name} is {control}, which has bigWigs, so {CALLED} can't "
                f"call peaks against it; give its reads in column alignments, or {name} a file of "
                "peaks"
            )
    if config["reads"]["keep_duplicates"]:
        return
    for name, cell in sheet.alignments.items():
        for file in split_paths(cell):
            if file_format(file) not in ("bam", "cram"):
                raise InputError(
                    f"{path}: alignments of {name}: {file} does not mark duplicates, but config "
                    "key 'reads/keep_duplicates' is false; give BAM files, or set it to true"
                )


def shared_alignments(sheet: pd.DataFrame) -> list[str]:
    """Say which files are alignments of several experiments of a condition."""
    lines = []
    for condition, rows in sheet[sheet.condition != ""].groupby("condition", sort=False):
        owners: dict[object, str] = {}
        for name, cell in rows.alignments.items():
            for file in split_paths(cell):
                owner = owners.setdefault(source(file), name)
                if owner != name:
                    lines.append(
                        f"{file} is in the alignments of {owner} and of {name}, so the model of "
                        f"{condition} learns the same reads as two tasks"
                    )
    return lines


def assay_of_control(sheet: pd.DataFrame, control: str) -> str:
    """Assay of a control without a row of its own, by the first row that names it."""
    users = sheet.assay[sheet.control == control]
    return control_assay(users.iloc[0] if len(users) else "tf-chip")


def check(config: Mapping, schema: Mapping) -> None:
    """Check what the schema alone can't: names that refer to others, and shapes.

    Raises
    ------
    InputError
        For an unknown arm in a comparison, chromosomes in two splits of a fold or in the test sets
        of two folds, a model whose settings do not fit its architecture, a model without a head to
        attribute, or an arm's setting that no model reads.
    """
    arms = list(config["arms"])
    for name, pair in config["comparisons"].items():
        for arm in pair:
            if arm not in arms:
                near = difflib.get_close_matches(arm, arms, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"arms: {', '.join(arms)}"
                raise InputError(f"config key 'comparisons/{name}': unknown arm '{arm}'; {hint}")
    for name, fold in config["training"]["folds"].items():
        both = sorted(set(fold["validation"]) & set(fold["test"]))
        if both:
            raise InputError(
                f"config key 'training/folds/{name}': {', '.join(both)} is in validation and test; "
                "keep it in one"
            )
    tested: dict[str, str] = {}
    for name, fold in config["training"]["folds"].items():
        for chromosome in dict.fromkeys(fold["test"]):
            if chromosome in tested:
                raise InputError(
                    f"config key 'training/folds/{name}': {chromosome} is in the test set of fold "
                    f"{tested[chromosome]} too, so that its peaks would be counted twice; test on "
                    "each chromosome in one fold (a fold set to null is taken out)"
                )
            tested[chromosome] = name
    for model in config["models"]:
        for arm in dict.fromkeys(arm for pair in config["comparisons"].values() for arm in pair):
            try:
                check_model(config, schema, model, arm)
            except InputError as error:
                raise InputError(f"config key 'models/{model}' (arm {arm}): {error}") from None
    for arm, layer in config["arms"].items():
        read = {key for model in config["models"] for key in resolve(config, schema, model, arm)}
        for key in layer:
            if key not in read:
                raise InputError(
                    f"config key 'arms/{arm}/{key}': no model reads it "
                    f"({', '.join(config['models'])}); take it out"
                )


def check_model(config: Mapping, schema: Mapping, model: str, arm: str) -> None:
    """Check a model's settings in an arm against its architecture.

    Raises
    ------
    InputError
        For an unknown architecture, a setting in the model's block that it does not read,
        lengths that do not fit each other or the bins, and an arm with negatives of its own.
    """
    settings = resolve(config, schema, model, arm)
    name = settings["architecture"]
    declared = registry.declaration(name)
    leaves = schema["$defs"]["settings"]["properties"]
    for key in declared.defaults:
        if key not in leaves:
            raise InputError(
                f"{declared.path}: DEFAULTS has '{key}', which no config can hold; put it under options"
            )
    for key in config["models"][model]:
        if key not in read_by(declared.defaults, schema):
            raise InputError(
                f"architecture {name} does not read {key}; take it out (it reads "
                f"{', '.join(declared.defaults)}, and what all models do)"
            )
    for key in settings.get("options", {}):
        if key not in declared.defaults["options"]:
            known = ", ".join(declared.defaults["options"])
            raise InputError(f"architecture {name} knows no option '{key}'; it knows {known}")
        default, option = declared.defaults["options"][key], settings["options"][key]
        if default is not None and _kind(option) != _kind(default):
            raise InputError(
                f"option '{key}' of architecture {name} is {option!r}; expected {_kind(default)}, as its "
                f"default is {default!r}"
            )
    check_fit(settings, declared.examples, config["bins"]["width"])
    own = resolve(config, schema, model)
    # noise of all arms is measured by the model's own limit
    for length in (own["input_length"], settings["input_length"]):
        check_limit({**own, "input_length": length})
    if settings["max_unknown"] != own["max_unknown"]:
        raise InputError(
            "max_unknown also says against which negatives models are measured, which must be the same "
            "for all arms; set it in training, or in the model's block"
        )
    heads = model_heads(config, schema, model, arm)
    if not heads:
        raise InputError(
            f"architecture {name} has none of the heads that 'attribution/heads' lists "
            f"({', '.join(config['attribution']['heads'])}); list "
            f"{' or '.join(registry.HEADS[declared.examples])} too"
        )
    if heads != model_heads(config, schema, model):
        raise InputError(
            f"architecture {name} learns from {declared.examples}, which the model's own does not, "
            "so that the arms can't be compared; make it a model of its own"
        )
