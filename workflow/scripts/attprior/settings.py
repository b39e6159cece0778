"""Configuration and the sheet of experiments: checked, completed and resolved."""

import copy
import csv
import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd

from attprior.errors import InputError
from attprior.models.shapes import output_length

COLUMNS = ["condition", "experiment", "assay", "control", "alignments", "peaks", "relaxed_peaks"]
REQUIRED_COLUMNS = ["condition", "experiment", "assay"]
ASSAYS = ["tf-chip", "control-chip", "dnase", "atac"]
# of which tracks can be made; files of the others can be had
TRACKED = ("tf-chip", "control-chip")
ACCESSION = re.compile(r"^(ENC|TST)SR\d{3}[A-Z0-9]{3}$")
NAMED = ("models", "arms", "comparisons")

Config = dict[str, Any]


def is_accession(name: str) -> bool:
    """Whether a name is an experiment's accession of the ENCODE portal."""
    return bool(ACCESSION.match(name))


def split_paths(text: str) -> list[str]:
    """Paths of a cell that lists them with commas."""
    return [path.strip() for path in text.split(",") if path.strip()]


def complete(config: Mapping, schema: Mapping) -> Config:
    """Check a configuration against its schema and fill in the defaults.

    Entries of `models`, `arms`, `comparisons` and `training/folds` that are null are removed, so
    that a later file can take out what an earlier one named.

    Raises
    ------
    InputError
        For an unknown key (with the nearest known one), a missing key or a wrong value.
    """
    config = copy.deepcopy(dict(config))
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


def _fill(config: Config, schema: Mapping) -> None:
    for key, value in schema.get("properties", {}).items():
        if key not in config and "default" in value:
            config[key] = copy.deepcopy(value["default"])
        if isinstance(config.get(key), dict):
            _fill(config[key], value)


def _message(error: jsonschema.ValidationError) -> str:
    place = "/".join(str(part) for part in error.absolute_path)
    where = f"config key '{place}'" if place else "the config"
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
        # YAML takes 1e-4 for text
        exponent = isinstance(error.instance, str) and re.fullmatch(
            r"[-+]?\d+[eE][-+]?\d+", error.instance
        )
        hint = ": write the number with a decimal point, as in 1.0e-4" if exponent else ""
        return f"{where} is {error.instance!r}; expected {wanted}{hint}"
    return f"{where}: {error.message}"


def resolve(config: Mapping, schema: Mapping, model: str, arm: str | None = None) -> Config:
    """Settings of a model in an arm: `training`, the model's block, the arm's own, in this order.

    Later ones win leaf by leaf. Leaves of a prior that have no effect in the arm are dropped, so
    that an edit of them concerns only the arms that have the prior. Without an arm, these are the
    model's own settings, whole.
    """
    leaves = schema["$defs"]["settings"]["properties"]
    settings = {key: copy.deepcopy(config["training"][key]) for key in leaves}
    _update(settings, config["models"][model])
    if arm is None:
        return settings
    _update(settings, config["arms"][arm])
    prior = settings["prior"]
    if prior["kind"] == "none":
        settings["prior"] = {"kind": "none"}
    elif prior["kind"] != "fourier":
        settings["prior"] = {"kind": prior["kind"], "weight": prior["weight"]}
    return settings


def _update(settings: Config, layer: Mapping) -> None:
    for key, value in layer.items():
        if isinstance(value, Mapping) and isinstance(settings.get(key), dict):
            _update(settings[key], value)
        else:
            settings[key] = copy.deepcopy(value)


def as_text(settings: Mapping) -> str:
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
    (_, header), *rows = _cells(path)
    sheet = pd.DataFrame([cells for _, cells in rows], columns=header, dtype=str)
    missing = [column for column in REQUIRED_COLUMNS if column not in sheet]
    if missing:
        raise InputError(
            f"{path}: column {', '.join(missing)} is missing; found {', '.join(sheet.columns)} "
            "(columns are separated by tabs)"
        )
    for column in sheet.columns[sheet.columns.duplicated()]:
        raise InputError(f"{path}: column '{column}' stands twice; keep one")
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


def _cells(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and cells of the header and of each row, all as long as the header.

    Empty lines and those that begin with # are skipped.
    """
    with open(path, newline="") as lines:
        reader = csv.reader(lines, delimiter="\t")
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    rows = [(number, cells) for number, cells in rows if any(cells) and cells[0][:1] != "#"]
    if not rows:
        raise InputError(f"{path}: empty; its first line names columns: {', '.join(COLUMNS)}")
    wide = len(rows[0][1])
    for number, cells in rows:
        if any(cells[wide:]):
            raise InputError(
                f"{path}, line {number}: {len(cells)} cells, but the header names {wide} columns; "
                "separate cells by single tabs"
            )
    return [(number, (cells + [""] * wide)[:wide]) for number, cells in rows]


def _check_row(where: str, row: Mapping[str, str], sheet: pd.DataFrame) -> None:
    name = row["experiment"]
    for column in ("condition", "experiment"):
        if not re.fullmatch(r"[A-Za-z0-9_.-]*", row[column]):
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
    is_control = row["assay"] == "control-chip"
    if is_control == bool(row["condition"]):
        want = "leave it empty, other rows name it in 'control'" if is_control else "give one"
        raise InputError(f"{where}: condition of {name} is '{row['condition']}'; {want}")
    local = [column for column in ("alignments", "peaks") if row[column]]
    if not is_accession(name) and not row["alignments"]:
        raise InputError(
            f"{where}: '{name}' is no accession (such as ENCSR000BGQ) and has no alignments; "
            "correct the accession, or give BAM files in column alignments"
        )
    if not is_control and not is_accession(name) and len(local) == 1:
        raise InputError(f"{where}: {name} has alignments but no peaks; give a narrowPeak file")
    for column in ("peaks", "relaxed_peaks"):
        if len(split_paths(row[column])) > 1:
            raise InputError(
                f"{where}: {column} of {name} lists {len(split_paths(row[column]))} files; give one"
            )
    for column in ("alignments", "peaks", "relaxed_peaks"):
        for file in split_paths(row[column]):
            if file.lower().endswith((".bw", ".bigwig")):
                raise InputError(
                    f"{where}: {column} of {name}: {file} is a bigWig, which can't be read yet; "
                    "give BAM files"
                )
            if not Path(file).is_file():
                raise InputError(f"{where}: {column} of {name}: no file {file}")
    control = row["control"]
    known = control in ("", "auto", "none") or is_accession(control)
    if not known and control not in set(sheet.experiment):
        raise InputError(
            f"{where}: control '{control}' of {name} is neither auto, none, an accession nor the "
            "experiment of another row"
        )
    if control == "auto" and not is_accession(name):
        raise InputError(
            f"{where}: control of {name} is auto, which only accessions can have; "
            "write none, an accession, or the experiment of another row"
        )


def check(config: Mapping, schema: Mapping) -> None:
    """Check what the schema alone can't: names that refer to others, and shapes.

    Raises
    ------
    InputError
        For an unknown arm in a comparison, chromosomes in two splits of a fold, or a profile
        length that the layers do not give.
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
    for model in config["models"]:
        for arm in dict.fromkeys(arm for pair in config["comparisons"].values() for arm in pair):
            settings = resolve(config, schema, model, arm)
            if len(settings["widths"]) != len(settings["dilations"]):
                raise InputError(
                    f"config key 'models/{model}': {len(settings['widths'])} widths and "
                    f"{len(settings['dilations'])} dilations (arm {arm}); give one of each per layer"
                )
            given, want = output_length(settings), settings["profile_length"]
            if given != want:
                raise InputError(
                    f"config key 'models/{model}/profile_length' is {want} (arm {arm}), but the "
                    f"layers leave {given} of input_length {settings['input_length']}; set "
                    f"profile_length: {given} or input_length: "
                    f"{settings['input_length'] + want - given}"
                )
