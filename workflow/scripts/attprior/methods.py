"""The methods of a run, written out from its configuration and its data.

A paragraph is a list of sentences; references are keys in brackets until the end, see
`attprior.references`. The text is of a `study`: what `methods` describes as its parameter.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from attprior.assays import is_control
from attprior.files import aside
from attprior.hdf5 import open_hdf5
from attprior.motifs.formats import JASPAR_GROUPS
from attprior.references import numbered

Study = Mapping[str, Any]

ASSAYS = {
    "tf-chip": "TF ChIP-seq",
    "chip-exo": "ChIP-exo",
    "chip-nexus": "ChIP-nexus",
    "dnase": "DNase-seq",
    "atac": "ATAC-seq",
}
FORMATS = {"bam": "BAM", "cram": "CRAM", "bed": "BED", "bedpe": "bedpe", "bigwig": "bigWig"}
FLAGS = {
    1: "were paired", 2: "were properly paired", 4: "were unmapped", 8: "had an unmapped mate",
    16: "were on the reverse strand", 32: "had a mate on the reverse strand",
    64: "were the first of a pair", 128: "were the second of a pair",
    256: "were secondary alignments", 512: "failed quality checks", 1024: "were duplicates",
    2048: "were supplementary alignments",
}  # fmt: skip
HEADS = {
    "profile": (
        "the profile (logits centred over positions, weighted by the predicted probabilities, which "
        "are held constant, and summed over positions and strands)"
    ),
    "count": "the log counts, summed over strands",
    "logit": "the logit",
}
PRIORS = {
    "smoothness": "the sum of absolute differences of neighbouring positions",
    "sparsity": (
        "minus the sum of all pairwise absolute differences, over the length times the sum of the "
        "track"
    ),
}
OF_WHAT = {
    "gradient": "the gradient of the output times the one-hot sequence",
    "corrected_gradient": (
        "the gradient of the output, less its mean over bases [@corrected_gradient], times the "
        "one-hot sequence"
    ),
    "expected_gradient": (
        "the gradient of the output at a random point between the sequence and a dinucleotide "
        "shuffle of it, times their difference [@expected_gradient]"
    ),
    "rescale": (
        "DeepLIFT's rescale multipliers [@deeplift] against a dinucleotide shuffle of the sequence, "
        "times the difference of the two"
    ),
}
NAMES = {"peaks": "training peaks (a share, or a number)", "patience": "patience (epochs)"}
SCHEDULES = {
    "constant": "",
    "inflate": ", grown over epochs as w(2/(1+exp(-c·epoch))-1) with c {rate:g}",
    "deflate": ", shrunk over epochs as w·exp(-c·epoch) with c {rate:g}",
    "late": ", from the second epoch on",
}


def listed(items: Iterable[Any], last: str = "and") -> str:
    """Join words: one, two and three."""
    words = list(map(str, items))
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def counted(number: int, noun: str) -> str:
    """Number and noun: 1 seed, 2,000 seeds."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def seeds_text(seeds: Sequence[int]) -> str:
    """Seeds in words, a run of them by its ends."""
    ordered = sorted(seeds)
    run = len(ordered) > 3 and ordered == list(range(ordered[0], ordered[-1] + 1))
    what = f"{ordered[0]} to {ordered[-1]}" if run else listed(ordered)
    return (
        f"{counted(len(ordered), 'random initialisation')} (seed{'s' * (len(ordered) > 1)} {what})"
    )


def read_condition(path: str | Path) -> dict[str, Any]:
    """Read what a labelled HDF5 tells of its data.

    Returns
    -------
    dict
        `condition`, and `tasks`: a dict each of `experiment`, `ends` (5' ends counted), `peaks`,
        `control` (its name, or empty) and `control_ends`.
    """
    with open_hdf5(path) as file:
        names, controls = (list(file[key].asstr()[:]) for key in ("tasks", "control_names"))
        controls = {0: [""], 1: controls}.get(len(controls), controls)
        controls = controls * len(names) if len(controls) == 1 else controls
        of_task = pd.Series(file["regions/task"][:]).value_counts()

        def ends(name: str) -> int:
            return sum(int(track["count"][:].sum()) for track in file["tracks"][name].values())

        return {
            "condition": file.attrs["condition"],
            "tasks": [
                {
                    "experiment": name,
                    "ends": ends(name),
                    "peaks": int(of_task.get(number, 0)),
                    "control": control,
                    "control_ends": ends(control) if control else 0,
                }
                for number, (name, control) in enumerate(zip(names, controls, strict=True))
            ],
        }


def write_methods(
    study: Study,
    labels: Sequence[str | Path],
    manifests: Sequence[str | Path],
    software: pd.DataFrame,
    text: str | Path,
    page: str | Path,
) -> None:
    """Write the methods as Markdown and as a web page.

    Parameters
    ----------
    study
        `config` (completed), `models` (name to `examples`, `heads`, `base` settings and those of
        `arms`), `experiments` (name to `condition`, `assay`, `formats`, `source`, `called`).
    labels
        Labelled HDF5 of each condition.
    manifests
        Tables of the portal's files.
    software
        See `attprior.software.versions`.
    """
    conditions = [read_condition(path) for path in labels]
    files = [pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in manifests]
    known = pd.concat(files) if files else pd.DataFrame(columns=["experiment", "file", "role"])
    paragraphs, references = written(study, conditions, known, software)
    table = data_table(study, conditions, known)
    for path, rendered in ((text, _markdown), (page, _page)):
        with aside(path) as temporary:
            temporary.write_text(rendered(paragraphs, table, references), encoding="utf-8")


def written(
    study: Study,
    conditions: Sequence[Mapping[str, Any]],
    files: pd.DataFrame,
    software: pd.DataFrame,
) -> tuple[dict[str, str], list[str]]:
    """Write the paragraphs of a study.

    Returns
    -------
    tuple
        Heading to paragraph, and the references in the order of their numbers.
    """
    sentences = {
        "Data": [*data(study, conditions, files)],
        "Models": [*models(study, conditions)],
        "Attribution priors": [*priors(study)],
        "Training": [*training(study)],
        "Attribution": [*attribution(study)],
        "Motifs": [*motifs(study)],
        "Comparison": [*comparison(study, conditions)],
        "Software": [*used_software(software)],
    }
    joined = "\n".join(" ".join(parts) for parts in sentences.values())
    text, references = numbered(joined)
    return dict(zip(sentences, text.split("\n"), strict=True)), references


def data(
    study: Study, conditions: Sequence[Mapping[str, Any]], files: pd.DataFrame
) -> Iterator[str]:
    """Where reads and peaks are from, and what was kept of them."""
    config, experiments = study["config"], study["experiments"]
    each = [f"{known['condition']} ({_experiments(study, known)})" for known in conditions]
    yield f"We studied {counted(len(each), 'condition')}: {listed(each)}."
    of = {
        source: [name for name in _names(conditions) if _source(study, name) == source]
        for source in ("encode", "simulated", "local")
    }
    if of["encode"]:
        kind = config["portal"]["alignments"]
        yield (
            f"Alignments ({kind}, all replicates) {_and_peaks(study, of['encode'])}of "
            f"{listed(of['encode'])} were taken from the ENCODE portal [@encode, @portal]."
        )
    if of["simulated"]:
        yield from _simulated(config["simulate"])
    yield from _portal_peaks(files)
    if of["local"]:
        yield from _local(experiments, of["local"])
    yield from _called_peaks(study)
    yield from _reads(study)
    yield from _genome(config)
    if "plant" in config:
        yield from _planted(config["plant"])
    yield "Numbers of 5' ends and peaks are in the table of data."


def _experiments(study: Study, known: Mapping[str, Any]) -> str:
    names = [task["experiment"] for task in known["tasks"]]
    assays = dict.fromkeys(ASSAYS[study["experiments"][name]["assay"]] for name in names)
    return f"{listed(assays)}: {listed(names)}"


def _names(conditions: Sequence[Mapping[str, Any]]) -> list[str]:
    """All experiments and their controls, each once."""
    tasks = [task for known in conditions for task in known["tasks"]]
    named = [task[key] for key in ("experiment", "control") for task in tasks]
    return list(dict.fromkeys(filter(None, named)))


def _source(study: Study, name: str) -> str:
    """Where an experiment is from; controls that the portal alone names are from there too."""
    known = study["experiments"].get(name, {}).get("source")
    return known or ("simulated" if "simulate" in study["config"] else "encode")


def _and_peaks(study: Study, names: Sequence[str]) -> str:
    own = [study["experiments"].get(name, {}).get("called") for name in names]
    return "" if all(called in (True, None) for called in own) else "and peaks "


def _simulated(simulate: Mapping[str, Any]) -> Iterator[str]:
    lengths = list(simulate["chromosomes"].values())
    gc = simulate["gc"]
    background = (
        "of the dinucleotide composition of the human genome"
        if gc is None
        else f"of independent bases, {100 * gc:g}% of them G or C"
    )
    planted = [f"{matrix} for {name}" for name, matrix in simulate["motifs"].items()]
    yield (
        f"Reads and peaks were simulated (seed {simulate['seed']}) on a random genome of "
        f"{counted(len(lengths), 'chromosome')} ({sum(lengths):,} bp) {background}, with "
        f"{simulate['loci']:,} bound loci for each condition, in which sites were drawn from JASPAR "
        f"[@jaspar] matrices ({listed(planted)}); {100 * simulate['missing']:g}% of the loci had no "
        f"site, and {100 * simulate['weak']:g}% a mutated one. A locus had "
        f"{simulate['reads_per_locus']:g} reads on average, and the background "
        f"{simulate['background']:g} reads per bp."
    )


def _local(experiments: Mapping[str, Mapping], names: Sequence[str]) -> Iterator[str]:
    formats = dict.fromkeys(
        FORMATS[format] for name in names for format in experiments[name]["formats"]
    )
    peaks = any(not is_control(experiments[name]["assay"]) for name in names) and not all(
        experiments[name]["called"] for name in names
    )
    yield (
        f"Data of {listed(names)} were given as {listed(formats)} files"
        f"{', with files of peaks' if peaks else ''}."
    )


def _portal_peaks(files: pd.DataFrame) -> Iterator[str]:
    kinds = sorted(set(files.output_type[files.role == "peaks"])) if len(files) else []
    if kinds:
        idr = " [@idr]" if any("IDR" in kind for kind in kinds) else ""
        yield f"Their peaks were the {listed(kinds)}{idr}."


def _called_peaks(study: Study) -> Iterator[str]:
    macs3 = study["config"]["peaks"]["macs3"]
    called = [name for name, known in study["experiments"].items() if known["called"]]
    if called:
        yield (
            f"Peaks of {listed(called)} were called with MACS3 [@macs3] at q values up to "
            f"{macs3['q_value']:g}, and relaxed peaks at p values up to "
            f"{macs3['relaxed_p_value']:g}."
        )


def _reads(study: Study) -> Iterator[str]:
    reads, experiments = study["config"]["reads"], study["experiments"].values()
    formats = {format for known in experiments for format in known["formats"]}
    if formats & {"bam", "cram"}:
        why = [name for flag, name in FLAGS.items() if reads["exclude_flags"] & flag]
        why.append(f"had a mapping quality below {reads['min_mapq']}")
        duplicates = "kept" if reads["keep_duplicates"] else "left out"
        yield (
            f"Reads that {listed(why, 'or')} were left out [@samtools], duplicates were {duplicates}, "
            "and replicates were merged."
        )
    if formats - {"bigwig"}:
        yield "The 5' ends of reads were counted at each base, on each strand where the assay has two."
    if any(known["assay"] == "atac" for known in experiments) and any(reads["atac_shift"]):
        plus, minus = reads["atac_shift"]
        yield (
            f"Those of ATAC-seq reads were moved by {plus:+d} bp on the plus and {minus:+d} bp on the "
            "minus strand."
        )
    if formats & {"bam", "cram"}:
        yield "Reads were checked with deepTools [@deeptools]."


def _genome(config: Mapping[str, Any]) -> Iterator[str]:
    genome = config["genome"]
    dropped = f" (left out: {', '.join(genome['exclude'])})" if genome["exclude"] else ""
    yield f"The genome was {genome['name']}{dropped}."
    if genome["blacklist"]:
        name = Path(genome["blacklist"]).name
        yield f"Peaks in the regions of {name} were dropped, and no negatives taken from there."


def _planted(plant: Mapping[str, Any]) -> Iterator[str]:
    gc = plant["gc"]
    how = "shuffled" if gc is None else f"replaced by random bases of {100 * gc:g}% GC"
    cited = " [@jaspar]" if re.fullmatch(r"MA\d+\.\d+", plant["motif"]) else ""
    yield (
        f"Models read a copy of the genome in which the sequence of peaks and of {plant['flank']} bp "
        f"around them was {how} and a site of {Path(plant['motif']).name}{cited} was planted within "
        f"{plant['distance']} bp of each summit (seed {plant['seed']})."
    )


def models(study: Study, conditions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What was trained, and on which labels."""
    blocks = study["models"]
    if any(block["examples"] == "bins" for block in blocks.values()):
        yield from _bins(study["config"])
    controlled = any(task["control"] for known in conditions for task in known["tasks"])
    for name, block in blocks.items():
        describe = ARCHITECTURES.get(block["base"]["architecture"], _own_architecture)
        yield from describe(f"The model '{name}'", block["base"], controlled)


def _bins(config: Mapping[str, Any]) -> Iterator[str]:
    bins, relaxed = config["bins"], config["peaks"]["relaxed"]
    yield (
        f"The genome was cut into bins of {bins['width']} bp every {bins['stride']} bp, leaving "
        f"{bins['flank']} bp free at the ends of chromosomes. A bin was positive if it shared at "
        "least half of the shorter of itself and a peak, and ambiguous next to such a run of bins, "
        f"or if it so overlapped one of the {relaxed:,} best relaxed peaks that overlap no peak; "
        "ambiguous bins were ignored, and all others were negative."
    )


def _profile(who: str, base: Mapping[str, Any], controlled: bool) -> Iterator[str]:
    layers = len(base["widths"])
    yield (
        f"{who}, after BPNet [@bpnet], predicted the profile of 5' ends in the middle "
        f"{base['profile_length']:,} bp of {base['input_length']:,} bp of sequence, and the log of "
        "one plus their number, for each task and strand, by "
        f"{counted(layers, 'convolution')} of {_filters(base)} (widths "
        f"{listed(base['widths'])}, dilations {listed(base['dilations'])}), each with ReLU and "
        f"reading the sum of all earlier outputs, a convolution of width {base['profile_width']} for "
        "profiles, and a dense layer on the mean over positions for counts."
    )
    if controlled:
        yield (
            "Each task's profile and count were mixed with those of its control by a linear layer; "
            "counts entered as log(1 + count)."
        )
    yield (
        "The prediction loss was the multinomial negative log-likelihood of the profiles plus "
        f"{base['count_loss_weight']:g} times the squared error of the log counts."
    )
    yield from _dropout(base)


def _binary(who: str, base: Mapping[str, Any], controlled: bool) -> Iterator[str]:
    after = " after Basset [@basset]," if base["architecture"] == "basset" else ""
    order = "batch norm and ReLU" if base["architecture"] == "basset" else "ReLU and batch norm"
    yield (
        f"{who},{after} predicted the labels of bins from {base['input_length']:,} bp around them, a "
        f"logit for each task, by {counted(len(base['widths']), 'convolution')} of "
        f"{_filters(base)} (widths {listed(base['widths'])}) with {order}, max pools of "
        f"{listed(base['pools'])} positions (1: none), and dense layers of "
        f"{listed(base['dense'])} units."
    )
    yield "The prediction loss was the mean of the positives' and the negatives' cross-entropy."
    yield from _dropout(base)


def _own_architecture(who: str, base: Mapping[str, Any], controlled: bool) -> Iterator[str]:
    yield f"{who} read {base['input_length']:,} bp, by the architecture '{base['architecture']}'."
    options = base.get("options", {})
    if options:
        yield f"Its options were {listed([f'{key} {value}' for key, value in options.items()])}."


ARCHITECTURES = {"profile": _profile, "binary": _binary, "basset": _binary}


def _filters(base: Mapping[str, Any]) -> str:
    filters = base["filters"]
    each = filters if isinstance(filters, list) else [filters]
    return f"{listed(each)} filters"


def _dropout(base: Mapping[str, Any]) -> Iterator[str]:
    if base.get("dropout"):
        yield f"Dropout was {base['dropout']:g} after each hidden layer."


def priors(study: Study) -> Iterator[str]:
    """What the arms are: their priors, and what else sets them apart."""
    each = [
        (arm, name, block["arms"][arm], block["base"])
        for arm in study["arms"]
        for name, block in study["models"].items()
    ]
    used = {chosen["prior"]["kind"] for _, _, chosen, _ in each} - {"none"}
    if used:
        yield (
            "A prior adds to the prediction loss a weighted loss of the attributions of examples "
            "[@tseng]. Attributions are summed in absolute value over the four bases to a track."
        )
    if "fourier" in used:
        yield (
            "The loss of the Fourier prior is one minus the share of low frequencies in the track: "
            "of the magnitudes of its Fourier transform, divided by their sum, component k (k cycles "
            "over the input, without k = 0) weighs 1 up to a limit f, and 1/(1+(k-f)^s) or nothing "
            "past it."
        )
    for kind, what in PRIORS.items():
        if kind in used:
            yield f"The loss of the {kind} prior is {what}."
    yield f"We trained {counted(len(study['arms']), 'arm')}, as set-ups of training are called here."
    several = len(study["models"]) > 1
    for arm, name, chosen, base in each:
        of = f" of the model '{name}'" if several else ""
        yield f"The arm '{arm}'{of} {_prior(chosen)}{_differences(chosen, base)}."


def _prior(chosen: Mapping[str, Any]) -> str:
    prior = chosen["prior"]
    if prior["kind"] == "none":
        return "had no prior"
    smooth, limit, softness = (prior.get(key) for key in ("smooth_sigma", "freq_limit", "softness"))
    text = f"had the {prior['kind'].capitalize() if prior['kind'] == 'fourier' else prior['kind']} prior"
    text += f" with weight {prior['weight']:g}{SCHEDULES[prior['schedule']].format(**prior)}"
    if prior["kind"] == "fourier":
        past = f"s {softness:g}" if softness is not None else "nothing past it"
        smoothed = (
            f"the track smoothed by a Gaussian with a standard deviation of {smooth} bp, cut off at "
            "one standard deviation"
            if smooth
            else "the track not smoothed"
        )
        period = chosen["input_length"] / limit
        text += f", f {limit} (a period of {period:.1f} bp), {past}, and {smoothed}"
    examples = {"positives": "positive examples", "all": "all examples"}[prior["examples"]]
    return f"{text}, on {OF_WHAT[prior['attribution']]}, of {examples}" + (
        ", where the published code's logs of probabilities weighed the output's logits"
        if prior["scalar_weighting"] == "log_probability" and "profile_length" in chosen
        else ""
    )


def _differences(chosen: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """What an arm changes beside the prior."""
    changed = [
        f"{NAMES.get(key, key.replace('_', ' '))} {_value(value)} in the place of {_value(base.get(key))}"
        for key, value in chosen.items()
        if key != "prior" and value != base.get(key)
    ]
    return f", and {listed(changed)}" if changed else ""


def _value(value: Any) -> str:
    if isinstance(value, list):
        return listed(value)
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


def training(study: Study) -> Iterator[str]:
    """Splits, sampling and optimisation."""
    folds = study["config"]["training"]["folds"]
    parts = [
        f"{listed(fold['validation'])} for validation and {listed(fold['test'])} for testing"
        + (f" ({name})" if len(folds) > 1 else "")
        for name, fold in folds.items()
    ]
    yield (
        f"Examples were split by chromosome, with {'; '.join(parts)}, and all others for training."
    )
    yield f"Each arm was trained from {seeds_text(study['config']['training']['seeds'])}."
    several = len(study["models"]) > 1
    for name, block in study["models"].items():
        base = block["base"]
        who = f"The model '{name}'" if several else "Models"
        yield from _sampling(who, "was" if several else "were", base, block["examples"])
        yield from _optimisation(who, "was" if several else "were", base)


def _sampling(who: str, was: str, base: Mapping[str, Any], examples: str) -> Iterator[str]:
    peaks, negatives = base["peaks"], base["negatives_per_positive"]
    ending = "" if negatives == 1 else "s"
    which = "every training peak"
    if peaks != 1:
        best = f"{100 * peaks:g}%" if peaks < 1 else f"{peaks:g}"
        which = f"each of the best {best} of training peaks by signal"
    matched = ", of the same GC content" if base["match_gc"] else ""
    unknown = base["max_unknown"]
    if unknown < 1:
        most = f"at most {100 * unknown:g}%" if unknown else "none"
        known = f" Of the bases read of a negative, {most} were unknown."
    else:
        known = " Negatives could be of unknown bases."
    if examples == "bins":
        yield (
            f"{who} {was} trained on the positive bins of {which} and, drawn anew each epoch, "
            f"{negatives:g} negative bin{ending} for each{matched}.{known}"
        )
        return
    tiled = base["tile_stride"]
    where = f"windows every {tiled} bp of" if tiled else "a window at the summit of"
    yield (
        f"{who} {was} trained on {where} {which}, moved at random by up to {base['jitter']} bp, and "
        f"{negatives:g} random genomic interval{ending} for each{matched}, drawn anew each epoch.{known}"
    )


def _optimisation(who: str, was: str, base: Mapping[str, Any]) -> Iterator[str]:
    decay = f" and a weight decay of {base['weight_decay']:g}" if base["weight_decay"] else ""
    doubled = ", doubled by reverse complements" if base["reverse_complement"] else ""
    yield (
        f"{who} {was} optimised with Adam [@adam] at a learning rate of "
        f"{base['learning_rate']:g}{decay}, in batches of {base['batch_size']} examples{doubled}, for "
        f"at most {counted(base['epochs'], 'epoch')}; training stopped once the validation loss of "
        f"predictions had not fallen by {base['min_improvement']:g} in "
        f"{counted(base['patience'], 'epoch')}, and the weights of the best epoch were kept."
    )
    if base["min_steps"]:
        yield (
            f"Where that is less than {base['min_steps']} steps, epochs and patience were more in "
            "proportion."
        )
    if base["clip_norm"] is not None:
        yield f"The norm of a step's gradient was bounded by {base['clip_norm']:g}."
    if base["weight_average"]:
        yield (
            "Weights were averaged over steps, exponentially with a decay of "
            f"{base['weight_average']:g}, less in the first steps; these means were validated and kept."
        )
    if base["start"] == "mean":
        yield (
            "The last biases of log counts and logits started at the best constant prediction of the "
            "training examples."
        )


def attribution(study: Study) -> Iterator[str]:
    """What was attributed, and how."""
    chosen = study["config"]["attribution"]
    heads = dict.fromkeys(head for block in study["models"].values() for head in block["heads"])
    summed = ", summed over tasks" + (
        " and for each task alone" if chosen["tasks"] == "each" else ""
    )
    yield f"What was attributed to bases was {'; '.join(HEADS[head] for head in heads)}{summed}."
    yield (
        "Contributions were computed by DeepSHAP [@deepshap], with DeepLIFT's rescale rule "
        f"[@deeplift] and {counted(chosen['references'], 'dinucleotide shuffle')} of each sequence as "
        "its references [@tangermeme], which kept the sequence's own controls."
    )
    peaks = "all peaks" if chosen["peaks"] is None else f"the best {chosen['peaks']:,} peaks"
    others = ["DeepSHAP", "input gradients"] + ["in-silico mutagenesis"] * chosen["ism"]
    yield (
        f"For motifs, contributions of {peaks} were averaged over seeds and folds; for the "
        f"comparisons, {chosen['sample']:,} random test peaks of each fold were attributed by each "
        f"seed, with {listed(others)}."
    )


def motifs(study: Study) -> Iterator[str]:
    """How motifs were found, matched and placed."""
    chosen = study["config"]["motifs"]
    modisco, homer, hits = chosen["modisco"], chosen["homer"], chosen["hits"]
    yield (
        f"Patterns were found with TF-MoDISco [@modisco] in the middle {modisco['window']} bp of "
        f"hypothetical contributions, from at most {modisco['max_seqlets']:,} seqlets of each sign "
        f"and {counted(modisco['leiden_runs'], 'Leiden clustering')}."
    )
    databases = [_database(name) for name in chosen["databases"]]
    if homer["enabled"]:
        yield from _homer(homer)
        databases += ["HOMER's motifs"]
    if databases:
        yield (
            "Patterns, cut to where their contributions are, were matched with Tomtom [@tomtom, "
            f"@memelite] to {listed(databases)}. The p value of a match is how often the pattern, its "
            "positions of at least 0.25 bits shuffled (100 times, with an exponential tail "
            "[@knijnenburg]), has a match as good in the database; q values are Benjamini and "
            "Hochberg's [@benjamini] over patterns and databases, and a pattern has the name of its "
            "best match with q at most 0.05."
        )
    yield (
        f"Instances of patterns were called in the contributions of the middle {modisco['window']} bp "
        f"of peaks with Fi-NeMo [@finemo] (λ {hits['lambda']:g}), and in their sequence with FIMO "
        f"[@fimo, @memelite] at p values up to {hits['p_value']:g}."
    )


def _database(name: str) -> str:
    group = name.removeprefix("jaspar_")
    if group in JASPAR_GROUPS and group != name:
        return f"the {group} of JASPAR 2026 CORE [@jaspar]"
    return Path(name).name


def _homer(homer: Mapping[str, Any]) -> Iterator[str]:
    peaks = "all peaks" if homer["peaks"] is None else f"the best {homer['peaks']:,} peaks of each"
    background = {
        "homer": "HOMER's own background",
        "sampled": f"a background drawn as negatives of training are (seed {homer['seed']})",
    }[homer["background"]]
    known = Path(homer["known_motifs"]).name if homer["known_motifs"] else "its own"
    known = f"{known} ({homer['set']})" if homer["set"] and not homer["known_motifs"] else known
    yield (
        f"HOMER [@homer] looked for motifs of {homer['length']} bp de novo and for known motifs "
        f"({known}) in {homer['size']} bp around the summits of {peaks} on chromosomes that no fold "
        f"tests, against {background}."
    )


def comparison(study: Study, conditions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Which arms were compared, and how."""
    pairs = study["config"]["comparisons"].items()
    each = [f"'{second}' with '{first}' ({name})" for name, (first, second) in pairs]
    yield f"We compared {listed(each)} on the test chromosomes."
    yield (
        "Attributions were compared by the share of their Fourier magnitude past the prior's limit, "
        "their Shannon entropy, their agreement between seeds (continuous Jaccard similarity and "
        "cosine of attributions normalised at each base) and where they lie, and predictions by their "
        "performance."
    )
    if study["config"]["truth"]["sites"] or "plant" in study["config"]:
        yield "Attributions were held against the binding sites that are known."
    yield from _footprints(study["config"]["footprints"], conditions)
    yield (
        "Differences between arms are given with 95 % intervals that hold for other seeds and other "
        "peaks: variances of crossed random effects, paired by seed, with Satterthwaite's "
        "degrees of freedom [@hillis; @scipy]; agreement of seeds and metrics of all examples together "
        "by jackknife pseudovalues. Over the headline metrics of a comparison the false discovery rate "
        "was held at 5 % [@benjamini]."
    )


def _footprints(
    chosen: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    for name in (known["condition"] for known in conditions):
        intervals = chosen["intervals"].get(name, {}).items()
        instances = chosen["motifs"].get(name, {}).items()
        sets = [f"{title} ({Path(path).name})" for title, path in intervals]
        sets += [
            f"instances of {title} ({_database(of['database'])}) that FIMO [@fimo] finds at p values "
            f"up to {chosen['p_value']:g}"
            for title, of in instances
        ]
        if sets:
            yield f"Attribution of {name} was measured in {listed(sets)}."


def used_software(software: pd.DataFrame) -> Iterator[str]:
    """Versions."""
    cited = {"snakemake": " [@snakemake]", "torch": " [@torch]"}
    each = [
        f"{row.software} {row.version}".strip() + cited.get(row.software, "")
        for row in software.itertuples()
    ]
    yield f"The analysis was run with {listed(each)}."


def data_table(
    study: Study, conditions: Sequence[Mapping[str, Any]], files: pd.DataFrame
) -> pd.DataFrame:
    """What went in: a row per experiment of each condition."""
    rows = []
    for known in conditions:
        for task in known["tasks"]:
            own = files[files.experiment.isin([task["experiment"], task["control"]])]
            rows.append(
                {
                    "Condition": known["condition"],
                    "Experiment": task["experiment"],
                    "Assay": ASSAYS[study["experiments"][task["experiment"]]["assay"]],
                    "5' ends": f"{task['ends']:,}",
                    "Peaks": f"{task['peaks']:,}",
                    "Control": task["control"] or "none",
                    "5' ends of the control": f"{task['control_ends']:,}"
                    if task["control"]
                    else "",
                    "Files": " ".join(dict.fromkeys(own.file)),
                }
            )
    return pd.DataFrame(rows)


def _markdown(paragraphs: Mapping[str, str], table: pd.DataFrame, references: list[str]) -> str:
    lines = ["# Methods", ""]
    for heading, paragraph in paragraphs.items():
        lines += [f"**{heading}.** {_escaped(paragraph)}", ""]
    lines += ["**Table of data.**", ""]
    lines += [f"| {' | '.join(row)} |" for row in _rows(table)]
    lines += ["", "## References", ""]
    lines += [f"{number}. {text}" for number, text in enumerate(references, start=1)]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Keep Markdown from taking signs in names for its own."""
    return re.sub(r"([_*])", r"\\\1", text)


def _rows(table: pd.DataFrame) -> Iterator[list[str]]:
    yield list(table)
    yield ["---"] * len(table.columns)
    for row in table.itertuples(index=False):
        yield list(map(_escaped, row))


def _page(paragraphs: Mapping[str, str], table: pd.DataFrame, references: list[str]) -> str:
    body = [f"<p><b>{name}.</b> {html.escape(text)}</p>" for name, text in paragraphs.items()]
    listing = "".join(f"<li>{html.escape(text)}</li>" for text in references)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Methods</title><style>'
        "body{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse;font-size:.8em}td,th{border:1px solid #ccc;padding:.2em .5em;"
        "text-align:left;vertical-align:top}</style></head><body><h1>Methods</h1>"
        f"{''.join(body)}<h2>Table of data</h2>{table.to_html(index=False, border=0)}"
        f"<h2>References</h2><ol>{listing}</ol></body></html>\n"
    )
