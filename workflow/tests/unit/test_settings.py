"""Configuration and sheet: completed, layered, and refused with a message that helps."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from attprior.errors import InputError
from attprior.settings import as_text, check, complete, model_heads, resolve
from attprior.sheet import (
    COLUMNS,
    assay_of_control,
    check_experiments,
    is_accession,
    read_experiments,
    shared_alignments,
    split_paths,
)
from snakemake.utils import update_config

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
LEAST = {"experiments": "sheet.tsv", "genome": {}}


def refused(function, *arguments):
    """Message of the error that a user gets."""
    with pytest.raises(InputError) as error:
        function(*arguments)
    return str(error.value)


def made(**sections):
    return complete({**LEAST, **sections}, SCHEMA)


def test_schema_gives_all_that_a_config_leaves_out():
    config = made()
    assert config["training"]["epochs"] == 20
    assert config["training"]["prior"]["kind"] == "none"
    assert config["models"] == {"profile": {}}
    assert config["motifs"]["homer"]["enabled"] is True
    assert "simulate" not in config


def test_given_values_stay():
    config = made(training={"epochs": 3}, genome={"name": "mine"})
    assert config["training"]["epochs"] == 3
    assert config["training"]["patience"] == 3
    assert config["genome"]["name"] == "mine"


def test_completing_changes_neither_config_nor_schema():
    given, schema = copy.deepcopy(LEAST), copy.deepcopy(SCHEMA)
    complete(given, schema)["training"]["folds"]["new"] = {}
    assert (given, schema) == (LEAST, SCHEMA)
    assert list(complete(given, schema)["training"]["folds"]) == ["fold_1"]


def test_completing_twice_is_completing_once():
    config = made()
    assert complete(config, SCHEMA) == config


def test_config_yaml_says_what_the_schema_does():
    shown = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert complete(shown, SCHEMA)["experiments"] == "config/experiments.tsv"
    completed = complete(shown, SCHEMA)
    default = complete({"experiments": shown["experiments"], "genome": {}}, SCHEMA)
    # the model's block repeats the defaults of its leaves
    block = completed.pop("models")["profile"]
    settings = resolve(default, SCHEMA, "profile")
    default.pop("models")
    assert completed == default
    for key, value in block.items():
        assert value == settings[key] or key == "prior"
    assert block["prior"].items() <= settings["prior"].items()


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("**/*.yaml")), ids=lambda p: p.name)
def test_every_config_in_the_repository_is_valid(path):
    config = yaml.safe_load(path.read_text())
    layers = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    # as Snakemake lays one file over the other
    update_config(layers, config)
    check(complete(layers, SCHEMA), SCHEMA)


@pytest.mark.parametrize("section", ["models", "arms", "comparisons"])
def test_null_removes_an_entry(section):
    entries = copy.deepcopy(made()[section])
    name = next(iter(entries))
    other = {"models": {}, "arms": {}, "comparisons": ["a", "b"]}[section]
    assert list(made(**{section: {name: None, "other": other}})[section]) == ["other"]


def test_null_removes_a_fold():
    fold = {"validation": ["chr2"], "test": ["chr3"]}
    config = made(training={"folds": {"fold_1": None, "fold_2": fold}})
    assert config["training"]["folds"] == {"fold_2": fold}


def test_section_left_with_nothing_is_refused():
    assert "config key 'arms'" in refused(complete, {**LEAST, "arms": {"a": None}}, SCHEMA)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"trainin": {}}, "unknown config key 'trainin': did you mean 'training'?"),
        (
            {"training": {"epoch": 3}},
            "unknown config key 'training/epoch': did you mean 'epochs'?",
        ),
        (
            {"arms": {"a": {"prior": {"wieght": 3}}}},
            "unknown config key 'arms/a/prior/wieght': did you mean 'weight'?",
        ),
        ({"peaks": {"zzz": 1}}, "unknown config key 'peaks/zzz': known keys: relaxed"),
        (
            {"training": {"epochs": "many"}},
            "config key 'training/epochs' is 'many'; expected integer",
        ),
        ({"training": {"epochs": 0}}, "config key 'training/epochs': 0 is less than the minimum"),
        (
            {"training": {"device": "gpu"}},
            "config key 'training/device' is 'gpu'; choose one of auto, cpu, cuda",
        ),
        (
            {"training": {"prior": {"softness": "soft"}}},
            "config key 'training/prior/softness' is 'soft'; expected number or null",
        ),
        ({"training": None}, "config key 'training' is None; expected object"),
        ({"training": []}, "config key 'training' is []; expected object"),
        ({"models": {"pro-file": {}}}, "config key 'models': 'pro-file' does not match"),
        ({"comparisons": {"a": ["b"]}}, "config key 'comparisons/a': ['b'] is too short"),
    ],
)
def test_bad_config_is_refused_with_its_key(config, message):
    assert message in refused(complete, {**LEAST, **config}, SCHEMA)


def test_missing_key_is_refused():
    assert "'experiments' is a required property" in refused(complete, {"genome": {}}, SCHEMA)


def test_all_errors_are_told_at_once():
    config = {**LEAST, "portals": {}, "reads": {"min_mapq": -1}, "peak": 1}
    message = refused(complete, config, SCHEMA)
    assert "'portals'" in message
    assert "'peak'" in message
    assert "'reads/min_mapq'" in message


LAYERS = {
    "training": {
        "epochs": 7,
        "batch_size": 7,
        "jitter": 7,
        "prior": {"weight": 7, "freq_limit": 7},
    },
    "models": {"profile": {"batch_size": 8, "jitter": 8, "prior": {"freq_limit": 8}}},
    "arms": {
        "plain": {},
        "late": {"jitter": 9, "prior": {"kind": "fourier", "softness": None}},
        "sparse": {"prior": {"kind": "sparsity"}},
    },
}


def test_later_layers_win_leaf_by_leaf():
    settings = resolve(made(**LAYERS), SCHEMA, "profile", "late")
    assert [settings[key] for key in ("epochs", "batch_size", "jitter")] == [7, 8, 9]
    given = {"kind": "fourier", "weight": 7, "freq_limit": 8, "softness": None, "smooth_sigma": 3}
    assert settings["prior"].items() >= given.items()
    # lists are leaves
    assert resolve(made(models={"profile": {"widths": [5]}}), SCHEMA, "profile", "with_prior")[
        "widths"
    ] == [5]


def test_settings_hold_nothing_but_what_a_model_is_trained_by():
    settings = resolve(made(**LAYERS), SCHEMA, "profile", "late")
    # but those of other architectures
    others = {"pools", "dense", "options"}
    assert set(settings) == set(SCHEMA["$defs"]["settings"]["properties"]) - others
    assert not {"seeds", "folds", "device"} & set(settings)


def test_leaves_without_effect_are_dropped():
    config = made(**LAYERS)
    assert resolve(config, SCHEMA, "profile", "plain")["prior"] == {"kind": "none"}
    sparse = resolve(config, SCHEMA, "profile", "sparse")["prior"]
    assert sparse.items() >= {"kind": "sparsity", "weight": 7}.items()
    assert not {"freq_limit", "softness", "smooth_sigma"} & set(sparse)
    assert "freq_limit" in resolve(config, SCHEMA, "profile")["prior"]


def test_edit_of_the_prior_concerns_only_arms_that_have_it():
    before = made(**LAYERS)
    after = copy.deepcopy(before)
    after["training"]["prior"]["smooth_sigma"] = 1
    for arm, changes in (("plain", False), ("sparse", False), ("late", True)):
        texts = [as_text(resolve(c, SCHEMA, "profile", arm)) for c in (before, after)]
        assert (texts[0] != texts[1]) == changes


def test_resolving_changes_nothing():
    config = made(**LAYERS)
    before = copy.deepcopy(config)
    resolve(config, SCHEMA, "profile", "late")["prior"]["kind"] = "changed"
    assert config == before


def test_text_is_the_same_for_equal_settings():
    assert as_text({"a": 1, "b": {"c": 2, "d": 3}}) == as_text({"b": {"d": 3, "c": 2}, "a": 1})


def test_defaults_pass_the_check():
    check(made(), SCHEMA)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"comparisons": {"prior": ["without_prior", "with_priors"]}},
            "config key 'comparisons/prior': unknown arm 'with_priors'; did you mean 'with_prior'?",
        ),
        (
            {"comparisons": {"prior": ["without_prior", "zzz"]}},
            "unknown arm 'zzz'; arms: without_prior, with_prior",
        ),
        (
            {"training": {"folds": {"f": {"validation": ["chr2", "chr1"], "test": ["chr1"]}}}},
            "config key 'training/folds/f': chr1 is in validation and test; keep it in one",
        ),
        (
            {
                "training": {
                    "folds": {
                        "e": {"validation": ["chr8"], "test": ["chr1"]},
                        "f": {"validation": ["chr2"], "test": ["chr3", "chr1"]},
                    }
                }
            },
            "config key 'training/folds/f': chr1 is in the test set of fold e too, so that its "
            "peaks would be counted twice; test on each chromosome in one fold",
        ),
        (
            {"models": {"profile": {"widths": [21, 3]}}},
            "config key 'models/profile' (arm without_prior): 2 widths and 7 dilations",
        ),
        (
            {"models": {"profile": {"profile_length": 900}}},
            "config key 'models/profile' (arm without_prior): profile_length is 900, but the layers "
            "leave 1000 of input_length 1346; set profile_length: 1000 or input_length: 1246",
        ),
        (
            {"arms": {"without_prior": {}, "with_prior": {"input_length": 2000}}},
            "(arm with_prior): profile_length is 1000, but the layers leave 1654",
        ),
        (
            {"attribution": {"heads": ["logit"]}},
            "config key 'models/profile' (arm without_prior): architecture profile has none of the "
            "heads that 'attribution/heads' lists (logit); list profile or count too",
        ),
        (
            {"arms": {"without_prior": {}, "with_prior": {"architecture": "binary"}}},
            "(arm with_prior): architecture binary learns from bins, which the model's own does not",
        ),
        (
            {"arms": {"without_prior": {}, "with_prior": {"max_unknown": 1}}},
            "config key 'models/profile' (arm with_prior): max_unknown also says against which",
        ),
    ],
)
def test_names_and_lengths_that_do_not_fit_are_refused(sections, message):
    assert message in refused(check, made(**sections), SCHEMA)


def test_model_uses_the_heads_that_it_has_in_order():
    models = {"profile": {}, "binary": {"architecture": "binary"}}
    for heads, of_profile, of_binary in (
        (["profile", "logit"], ["profile"], ["logit"]),
        (["logit", "count", "profile"], ["count", "profile"], ["logit"]),
    ):
        config = made(models=models, attribution={"heads": heads})
        assert model_heads(config, SCHEMA, "profile") == of_profile
        assert model_heads(config, SCHEMA, "binary") == of_binary


def test_setting_of_an_arm_that_no_model_reads_is_refused():
    arms = {"without_prior": {}, "with_prior": {}, "pooled": {"pools": [1, 1, 40]}}
    said = refused(check, made(arms=arms), SCHEMA)
    assert said == "config key 'arms/pooled/pools': no model reads it (profile); take it out"
    # one of two models is enough
    models = {"profile": {}, "binary": {"architecture": "binary"}}
    check(made(arms=arms, models=models), SCHEMA)


@pytest.mark.parametrize("architecture", ["profile", "binary"])
def test_every_model_says_how_many_unknown_bases_negatives_may_have(architecture):
    models = {architecture: {"architecture": architecture}}
    assert resolve(made(models=models), SCHEMA, architecture)["max_unknown"] == 0
    config = made(models=models, training={"max_unknown": 0.1})
    assert resolve(config, SCHEMA, architecture, "with_prior")["max_unknown"] == 0.1


@pytest.mark.parametrize("name", ["BPNet", "GATA2", "K562", "SPI1"])
def test_published_runs_take_unknown_bases_for_negatives(name):
    config = yaml.safe_load((ROOT / f"config/paper/{name}.yaml").read_text())
    assert complete(config, SCHEMA)["training"]["max_unknown"] == 1


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("ENCSR000BGQ", True),
        ("TSTSR000001", True),
        ("ENCFF000BGQ", False),
        ("ENCSR000BGQ1", False),
        ("ENCSR00BGQ", False),
        ("reb1", False),
        ("", False),
    ],
)
def test_accessions_are_known_by_their_form(name, is_one):
    assert is_accession(name) == is_one


def test_cell_lists_paths_with_commas():
    assert split_paths("a.bam, b.bam,") == ["a.bam", "b.bam"]
    assert split_paths("") == []


BIGWIGS = ["a.plus.bw", "a.minus.bw", "b.fwd.bigWig", "b.rev.bigWig", "c.bw", "d.bw"]


@pytest.fixture
def sheet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("own.bam", "own.bed", "input.bam", "own.txt", *BIGWIGS):
        Path(name).touch()

    def write(*rows, header=COLUMNS, text=None):
        lines = ["\t".join(header), *("\t".join(row) for row in rows)]
        Path("sheet.tsv").write_text(
            "\n".join(lines) + "\n" if text is None else text, encoding="utf-8"
        )
        return "sheet.tsv"

    return write


ACCESSION = ["SPI1", "ENCSR000BGQ", "tf-chip", "auto", "", "", ""]
OWN = ["REB1", "own", "tf-chip", "none", "own.bam", "own.bed", ""]
INPUT = ["", "input", "control-chip", "", "input.bam", "", ""]


def changed(row, **cells):
    return [cells.get(column, cell) for column, cell in zip(COLUMNS, row, strict=True)]


def test_sheet_is_read_by_experiment(sheet):
    with_input = changed(OWN, control="input")
    found = read_experiments(sheet(ACCESSION, with_input, INPUT))
    assert found.index.tolist() == ["ENCSR000BGQ", "own", "input"]
    assert list(found.columns) == [column for column in COLUMNS if column != "experiment"]
    assert found.loc["own"].tolist() == ["REB1", "tf-chip", "input", "own.bam", "own.bed", ""]
    assert found.loc["ENCSR000BGQ", "peaks"] == ""


def test_optional_columns_may_be_left_out_and_order_is_free(sheet):
    path = sheet(header=["x"], text="assay\texperiment\tcondition\ntf-chip\tENCSR000BGQ\tSPI1\n")
    assert read_experiments(path).loc["ENCSR000BGQ"].tolist() == ["SPI1", "tf-chip", "", "", "", ""]


def test_comments_empty_lines_spaces_and_short_rows_do_no_harm(sheet):
    text = (
        "# mine\ncondition\texperiment\tassay\tcontrol\n\n# older\n\t\t\t\n"
        " SPI1 \tENCSR000BGQ \ttf-chip\nSPI1\tENCSR000BGW\ttf-chip\tauto\t\t\n"
    )
    found = read_experiments(sheet(text=text))
    assert found.condition.tolist() == ["SPI1", "SPI1"]
    assert found.control.tolist() == ["", "auto"]


def test_quoted_cells_are_read(sheet):
    row = changed(OWN, alignments='"own.bam,input.bam"')
    assert read_experiments(sheet(row)).alignments["own"] == "own.bam,input.bam"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "sheet.tsv: no experiments; add a row per experiment"),
        ([ACCESSION, ACCESSION], "experiment ENCSR000BGQ stands in more than one row"),
        (
            [OWN, changed(OWN, condition="a b")],
            "line 3: condition 'a b' becomes part of file names",
        ),
        ([changed(OWN, experiment="a/b")], "line 2: experiment 'a/b' becomes part of file names"),
        ([changed(OWN, experiment="..")], "line 2: experiment '..' becomes part of file names"),
        ([changed(OWN, experiment="")], "line 2: no experiment; give an accession"),
        (
            [changed(OWN, assay="tf-chp")],
            "line 2: unknown assay 'tf-chp' of own; did you mean 'tf-chip'?",
        ),
        (
            [changed(OWN, assay="zzz")],
            "unknown assay 'zzz' of own; known assays: tf-chip, chip-exo",
        ),
        ([changed(OWN, condition="")], "line 2: condition of own is ''; give one"),
        ([changed(INPUT, condition="A")], "condition of input is 'A'; leave it empty"),
        (
            [changed(ACCESSION, experiment="ENCSR00BGQ")],
            "line 2: 'ENCSR00BGQ' is no accession (such as ENCSR000BGQ) and has no alignments",
        ),
        ([changed(OWN, peaks="")], "line 2: own has alignments but no peaks; give a narrowPeak"),
        ([changed(OWN, alignments="own.bam,no.bam")], "line 2: alignments of own: no file no.bam"),
        ([changed(OWN, peaks="no.bed")], "line 2: peaks of own: no file no.bed"),
        ([changed(OWN, relaxed_peaks="no.bed")], "line 2: relaxed_peaks of own: no file no.bed"),
        (
            [changed(OWN, control="inputt"), INPUT],
            "line 2: control 'inputt' of own is neither auto, none, an accession nor the experiment",
        ),
        (
            [ACCESSION, changed(OWN, control="auto")],
            "line 3: control of own is auto, which only accessions of tf-chip can have",
        ),
        (
            [changed(ACCESSION, assay="dnase")],
            "control of ENCSR000BGQ is auto, which only accessions of tf-chip can have",
        ),
        (
            [changed(ACCESSION, assay="chip-nexus", control="none")],
            "line 2: ENCSR000BGQ is chip-nexus, which the portal is not asked for",
        ),
        ([changed(OWN, alignments="own.txt")], "alignments of own: own.txt is of no known format"),
        ([changed(OWN, alignments="own.bam,own.bam")], "own.bam is listed twice"),
        (
            [changed(OWN, control="own")],
            "line 2: control of own is own itself, from which its reads could be copied",
        ),
        (
            [changed(ACCESSION, control="ENCSR000BGQ")],
            "control of ENCSR000BGQ is ENCSR000BGQ itself",
        ),
        ([changed(OWN, peaks="c.bw")], "peaks of own: c.bw is a bigWig; give a narrowPeak"),
        ([changed(OWN, alignments="a.plus.bw,own.bam")], "bigWigs and files of reads together"),
        ([changed(OWN, alignments="a.plus.bw")], "1 bigWigs, but tf-chip has one of the plus"),
        (
            [changed(OWN, alignments="a.plus.bw,a.minus.bw", peaks="macs3")],
            "peaks can't be called (macs3) from bigWigs",
        ),
        (
            [changed(OWN, alignments="a.minus.bw,a.plus.bw")],
            "a.minus.bw stands where a plus strand is expected",
        ),
        (
            [changed(OWN, alignments="a.plus.bw,a.minus.bw,b.rev.bigWig,b.fwd.bigWig")],
            "b.rev.bigWig stands where a plus strand is expected",
        ),
        (
            [changed(OWN, alignments="https://x.org/1/a.bam,https://x.org/2/a.bam")],
            "https://x.org/1/a.bam and https://x.org/2/a.bam have the same name",
        ),
        ([changed(OWN, alignments="https://x.org/a%20b.bam")], "ends in 'a b.bam', which can't be"),
        ([OWN + ["more"]], "line 2: 8 cells, but the header names 7 columns"),
    ],
)
def test_bad_rows_are_refused_with_their_line(sheet, rows, message):
    assert message in refused(read_experiments, sheet(*rows))


@pytest.fixture
def names(sheet):
    """Other names of own.bam: by dots, from the root, and by links to it and to its folder."""
    Path("link.bam").symlink_to("own.bam")
    Path("hard.bam").hardlink_to("own.bam")
    Path("chain.bam").symlink_to("link.bam")
    Path("folder").mkdir()
    Path("here").symlink_to(".")
    return [
        "./own.bam",
        "folder/../own.bam",
        str(Path("own.bam").absolute()),
        *("link.bam", "hard.bam", "chain.bam", "here/own.bam", "here/here/link.bam"),
    ]


def test_a_file_by_two_names_is_listed_twice(sheet, names):
    for name in names:
        for files in (f"own.bam,{name}", f"{name},input.bam,own.bam"):
            assert "so its reads would count twice" in refused(
                read_experiments, sheet(changed(OWN, alignments=files))
            )


def test_files_of_equal_content_and_name_are_two(sheet):
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "own.bam").touch()
    files = "a/own.bam,b/own.bam"
    assert read_experiments(sheet(changed(OWN, alignments=files))).alignments["own"] == files


def test_a_bigwig_of_both_strands_is_listed_twice(sheet):
    row = changed(OWN, alignments="c.bw,./c.bw")
    assert "./c.bw is listed twice (as c.bw too)" in refused(read_experiments, sheet(row))


def test_a_control_of_the_experiments_own_files_is_refused_by_any_name(sheet, names):
    for name in ["own.bam", *names]:
        control = changed(INPUT, alignments=f"input.bam,{name}")
        message = refused(checked, sheet(changed(OWN, control="input"), control))
        assert (
            f"sheet.tsv: the control of own is input, but {name} is in the alignments of" in message
        )
    url = "https://www.encodeproject.org/a.bam"
    rows = [changed(OWN, alignments=url, control="input"), changed(INPUT, alignments=url)]
    assert f"but {url} is in the alignments of both" in refused(checked, sheet(*rows))


def test_another_experiment_may_be_a_control(sheet):
    # but not one of the same reads
    mock = changed(OTHER, condition="B", alignments="input.bam")
    checked(sheet(changed(OWN, control="other"), mock))
    mock = changed(OTHER, condition="B")
    message = refused(checked, sheet(changed(OWN, control="other"), mock))
    assert "the control of own is other, but own.bam" in message


def test_an_experiment_of_the_name_none_has_no_control(sheet):
    checked(sheet(changed(OWN, experiment="none", control="none")))


def test_bigwigs_are_no_control_to_call_peaks_against(sheet):
    rows = [
        changed(OWN, control="input", peaks="macs3"),
        changed(INPUT, alignments="a.plus.bw,a.minus.bw"),
    ]
    assert "so macs3 can't call peaks against it" in refused(checked, sheet(*rows))
    checked(sheet(changed(rows[0], peaks="own.bed"), rows[1]))


def test_all_experiments_of_a_condition_have_a_control_or_none_has(sheet):
    with_input = changed(OWN, control="input")
    for without in (OTHER, changed(OTHER, control="")):
        message = refused(checked, sheet(with_input, without, INPUT))
        assert (
            "condition REB1 mixes experiments with a control (own) and without (other)" in message
        )
    checked(sheet(with_input, changed(OTHER, condition="B"), INPUT))
    auto = changed(ACCESSION, condition="REB1")
    assert "(ENCSR000BGQ) and without (own)" in refused(checked, sheet(OWN, auto))
    checked(sheet(with_input, auto, INPUT))


def test_reads_of_two_tasks_are_told(sheet, names):
    for name in ["own.bam", *names]:
        found = read_experiments(sheet(OWN, changed(OTHER, alignments=f"input.bam,{name}")))
        (told,) = shared_alignments(found)
        assert f"{name} is in the alignments of own and of other" in told
    apart = [
        OWN,
        changed(OTHER, condition="B"),
        changed(OTHER, experiment="b", alignments="input.bam"),
    ]
    assert shared_alignments(read_experiments(sheet(*apart))) == []


def test_line_is_that_of_the_file_past_comments_and_empty_lines(sheet):
    rows = "\n".join(["# mine", "\t".join(COLUMNS), "", "# more", "\t".join(OWN[:2] + ["x"])])
    assert "sheet.tsv, line 5: unknown assay 'x'" in refused(read_experiments, sheet(text=rows))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sheet.tsv: empty; its first line names columns: condition, experiment"),
        ("condition\texperiment\nA\tb\n", "column assay is missing; found condition, experiment"),
        ("condition,experiment,assay\n", "column condition, experiment, assay is missing"),
        (
            "condition\texperiment\tassay\tcontrols\nA\tb\tc\td\n",
            "unknown column 'controls'; did you mean 'control'?",
        ),
        ("condition\texperiment\tassay\tzzz\n", "unknown column 'zzz'; known columns: condition"),
        ("condition\texperiment\tassay\tassay\n", "column 'assay' is duplicated; keep one"),
    ],
)
def test_bad_headers_are_refused(sheet, text, message):
    assert message in refused(read_experiments, sheet(text=text))


def test_missing_sheet_is_refused(tmp_path):
    message = refused(read_experiments, tmp_path / "no.tsv")
    assert re.search(r"no.tsv: no such file; config key 'experiments' names the sheet", message)


@pytest.mark.parametrize(
    "cells",
    [
        {"alignments": "a.plus.bw,a.minus.bw,b.fwd.bigWig,b.rev.bigWig"},
        {"alignments": "c.bw,d.bw", "assay": "chip-nexus"},
        {"alignments": "c.bw,d.bw,a.minus.bw", "assay": "dnase"},
        {"alignments": "own.bam,own.bed", "assay": "atac", "peaks": "macs3"},
        {"alignments": "https://x.org/a.bedpe.gz?download=1", "peaks": "https://x.org/p.bed.gz"},
    ],
    ids=str,
)
def test_every_kind_of_files_is_taken(sheet, cells):
    assert list(read_experiments(sheet(changed(OWN, **cells))).index) == ["own"]


OTHER = changed(OWN, experiment="other")
CUTS = changed(OWN, experiment="cuts", assay="atac")


def checked(path, **reads):
    check_experiments(read_experiments(path), made(experiments=path, reads=reads))


@pytest.mark.parametrize(
    "rows",
    [
        [OWN, changed(OTHER, assay="chip-exo")],
        [CUTS, changed(CUTS, experiment="dnase", assay="dnase")],
        [OWN, changed(CUTS, condition="B")],
        [changed(OWN, control="input"), changed(OTHER, control="input"), INPUT],
        [changed(CUTS, control="input"), changed(INPUT, assay="control-dnase")],
        [changed(OWN, control="ENCSR000BGH"), changed(OTHER, control="ENCSR000BGH")],
    ],
)
def test_tracks_of_one_kind_go_together(sheet, rows):
    checked(sheet(*rows))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [OWN, OTHER, CUTS],
            "condition REB1 mixes experiments: own, other with strands; cuts without",
        ),
        (
            [changed(CUTS, control="input"), INPUT],
            "the control of cuts (atac) is input (control-chip), but their tracks are not of one "
            "kind: unstranded and plus, minus; name a control-atac",
        ),
        (
            [
                changed(OWN, control="ENCSR000BGH"),
                changed(CUTS, condition="B", control="ENCSR000BGH"),
            ],
            "the control of cuts (atac) is ENCSR000BGH (control-chip, as own names it too)",
        ),
    ],
)
def test_tracks_of_two_kinds_are_refused_by_name(sheet, rows, message):
    assert message in refused(checked, sheet(*rows))


def test_control_without_a_row_has_its_users_kind(sheet):
    rows = [
        ACCESSION,
        *(changed(OWN, experiment=a, condition=a, assay=a) for a in ("dnase", "atac")),
    ]
    rows[1] = changed(rows[1], control="ENCSR000BGH")
    rows[2] = changed(rows[2], control="ENCSR000BGI")
    found = read_experiments(sheet(*rows))
    assert assay_of_control(found, "ENCSR000BGH") == "control-dnase"
    assert assay_of_control(found, "ENCSR000BGI") == "control-atac"
    assert assay_of_control(found, "ENCSR000BGG") == "control-chip"


def test_duplicates_must_be_marked_to_be_left_out(sheet):
    checked(sheet(OWN), keep_duplicates=False)
    path = sheet(changed(OWN, alignments="own.bam,own.bed"))
    checked(path)
    with pytest.raises(InputError, match=r"own\.bed does not mark duplicates"):
        checked(path, keep_duplicates=False)
