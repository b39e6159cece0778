"""What config, sheet and kept manifest name: no such file may stand where a rule writes."""

import tempfile

from attprior.outputs import Output, Outputs, texts
from attprior.portal import web
from attprior.portal.search import check_query
from snakemake.io import strip_wildcard_constraints

# what a place that begins with <resources> may name before it is there
SIMULATION = ("simulate_genome", "simulate_experiment", "simulate_portal")
POLICY = web.Policy(
    hosts=tuple(config["portal"]["hosts"]),
    allow_http=config["portal"]["allow_http"],
    requests_per_second=config["portal"]["requests_per_second"],
)


def rule_outputs():
    """What the rules of this workflow write; of a module, its own alone."""
    for writer in workflow.modifier.rules:
        for file in filter(None, (*writer.output, *writer.log, writer.benchmark)):
            pattern = strip_wildcard_constraints(file)
            yield Output(writer.name, pattern, file.match, file.is_directory)
    if "propose" in config:
        for ending in (".tsv", ".peaks.tsv"):
            yield Output("propose", f"{proposed()}{ending}", f"{proposed()}{ending}".__eq__)


def named_places():
    """Each place that a user names, and the key or row that does."""
    for key, text in texts({key: config[key] for key in config if key != "pathvars"}):
        for condition in CONDITIONS if "{condition}" in text else [""]:
            yield f"config key '{key}'", text.replace("{condition}", condition)
    for column in ("alignments", "peaks", "relaxed_peaks"):
        for name, cell in EXPERIMENTS[column].items():
            for place in split_paths(cell):
                yield f"{config['experiments']}: {column} of {name}", place
    for kept in [] if KEPT is None else KEPT.itertuples():
        file = f"<resources>/encode/{kept.experiment}/{kept.url.rpartition('/')[2]}"
        # what is here already is not asked for again
        if not (is_url(kept.url) and Path(PATHVARS.apply(file)).exists()):
            yield f"{config['manifest']}: url of {kept.file}", kept.url


def is_simulated(output):
    """Whether the simulation writes an output."""
    made = [getattr(rules, name).rule.name for name in SIMULATION if rules.has(name)]
    return bool(SIMULATED) and output.rule in made


def complaints(check, *arguments):
    """What a check complains of, as a list of one or none."""
    try:
        check(*arguments)
    except InputError as error:
        return [str(error)]
    return []


def taken_places():
    """Say what a run would delete, and which URLs can't be fetched."""
    outputs = Outputs(rule_outputs())
    portal = config["portal"]["url"]
    for where, place in named_places():
        if is_url(place):
            yield from (
                f"{where}: {text}" for text in complaints(web.check_url, place, portal, POLICY)
            )
            continue
        path = PATHVARS.apply(place)
        found = outputs.writer(path)
        if found and not (path != place and is_simulated(found[0])):
            output, name = found
            also = "" if Path(path).absolute() == name else f" (the same file as {name})"
            yield (
                f"{where}: {path}{also} is where rule {output.rule} writes ({output.pattern}), so a "
                "run would delete it; move it to a folder of your own, and give that path"
            )
    found = None if is_url(portal) or "<" in portal else outputs.within(portal)
    if found:
        yield (
            f"config key 'portal/url': rule {found.rule} writes in {portal} ({found.pattern}); give a "
            "folder of the portal's own"
        )


def missing_genome():
    """Say what is wrong with the genome, its blacklist and a motif to be planted."""
    if not REFERENCES["fasta"]:
        yield (
            f"config key 'genome/fasta' is empty, and genome/name {config['genome']['name']!r} has no "
            f"known source; give the path or URL of its FASTA file, or one of {', '.join(GENOMES)}"
        )
    for kind, place in REFERENCES.items():
        # what is to be downloaded or made is not there yet
        there = not place or is_url(place) or Path(PATHVARS.apply(place)).is_file()
        if not there and not may_be_made(place):
            yield f"config key 'genome/{kind}': no file {place}; correct the path, or give a URL"
    if IN_PLACE and Path(f"{GENOME}.fa").is_file() and is_gzip(f"{GENOME}.fa"):
        yield (
            f"config key 'genome/fasta': {GENOME}.fa is compressed, but stands where the plain "
            "genome belongs; decompress it, or move it elsewhere and give that path"
        )
    if PLANTED and not PLANTED_MATRIX and not Path(PLANTED_MOTIF).is_file():
        yield (
            f"config key 'plant/motif': '{PLANTED_MOTIF}' is neither a JASPAR matrix, such as "
            "MA0080.7, nor a MEME file that is there"
        )


def missing_files():
    """Say which files are missing that rules would look for late, or take for none."""
    beds, motifs = {}, {}
    for condition in CONDITIONS:
        for name, place in interval_sets(condition).items():
            beds[f"footprints/intervals/{condition}/{name}"] = place
        for name, chosen in instance_sets(condition).items():
            if not chosen["database"].startswith("jaspar_"):
                motifs[f"footprints/motifs/{condition}/{name}/database"] = chosen["database"]
    if PLANTED and not PLANTED_MATRIX:
        motifs["plant/motif"] = PLANTED_MOTIF
    elif MOTIFS and not PLANTED:
        motifs["truth/motifs"] = MOTIFS
    for key, place in {**beds, **motifs}.items():
        path = PATHVARS.apply(place)
        if may_be_made(place):
            continue
        if not Path(path).is_file():
            yield f"config key '{key}': no file {path}; correct the path"
        elif key in motifs:
            yield from complaints(check_format, f"config key '{key}'", path)
    unmade = SITES and CONDITIONS and not may_be_made(SITES)
    if unmade and not any(map(has_sites, CONDITIONS)):
        yield (
            f"config key 'truth/sites': no file {SITES} of any condition ({', '.join(CONDITIONS)}); "
            "correct the path"
        )
    portal = config["portal"]["url"]
    if unresolved() and not is_url(portal) and "<" not in portal and not Path(portal).is_dir():
        yield f"config key 'portal/url': no folder {portal}; correct it, or give a URL"


def incomplete_experiments():
    """Say which files of an experiment a kept manifest lacks, which has others of it."""
    known = [
        name
        for name in EXPERIMENTS.index
        if name in RESOLVED or PROJECT.row(name)["control"] != "auto"
    ]
    for name in dict.fromkeys([*known, *map(control_name, known)]):
        for role in PROJECT.missing_roles(name) if name in RESOLVED else ():
            if role not in set(RESOLVED[name].role):
                yield (
                    f"{config['manifest']}: {name} has no {role}; ask the portal again with key "
                    f"'refresh', or give files in the column {role} of {config['experiments']}"
                )


def local(experiment, role):
    """Files of an experiment that a user gives by path."""
    cells = split_paths(PROJECT.row(experiment)[role])
    return [place for place in cells if place != sheet.CALLED and not is_url(place)]


def unchecked():
    """Experiments whose alignments no job has checked yet."""
    return [
        name
        for name in EXPERIMENTS.index
        if not Path(PATHVARS.apply(f"<results>/experiments/{name}/reads.checked")).is_file()
    ]


def genome_here(folder):
    """Index of the genome, and sizes of the chromosomes used; none where it is not at hand."""
    from attprior.genome import write_chrom_sizes, write_genome

    index, fasta = Path(f"{GENOME}.fa.fai"), REFERENCES["fasta"]
    if not index.is_file():
        path = "" if is_url(fasta) else PATHVARS.apply(fasta)
        if not Path(path).is_file() or Path(path).stat().st_size > SMALL_GENOME:
            return None
        index = Path(folder, "genome.fa.fai")
        write_genome(path, Path(folder, "genome.fa"), index)
    sizes = Path(folder, "chrom.sizes")
    write_chrom_sizes(index, sizes, config["genome"]["exclude"])
    return index, sizes


def wrong_contents():
    """Say what the first jobs would find in files that are here: what a dry-run can't do by itself."""
    from attprior.peaks import prepare_peaks
    from attprior.places import check_places
    from attprior.reads.check import check_reads

    with tempfile.TemporaryDirectory() as folder:
        if not (genome := genome_here(folder)):
            return
        index, sizes = genome
        target, blacklist = Path(folder, "checked"), REFERENCES["blacklist"]
        here = [(key, PATHVARS.apply(path)) for key, path in named_intervals()]
        yield from complaints(
            lambda: check_places(
                index,
                sizes,
                target,
                PROJECT.named_chromosomes(),
                {"browser/loci": config["browser"]["loci"]},
                [(key, path) for key, path in here if Path(path).is_file()],
            )
        )
        blacklist = blacklist if blacklist and Path(blacklist).is_file() else None
        if len(unchecked()) > MOST_EXPERIMENTS:
            print(
                f"Files of {len(unchecked())} experiments are checked by the first jobs of the run, "
                "not in this plan.",
                file=sys.stderr,
            )
            return
        for name in unchecked():
            files = local(name, "alignments")
            # not those that take the genome's bases too
            if files and all(file_format(file) != "cram" for file in files):
                tracks, cut = PROJECT.tracks(name), is_shifted(PROJECT.row(name)["assay"])
                yield from complaints(check_reads, files, sizes, index, target, tracks, None, cut)
            for role in ("peaks", "relaxed_peaks"):
                for path in local(name, role):
                    yield from complaints(prepare_peaks, path, target, sizes, index, blacklist)


# as many bytes of FASTA are indexed while planning
SMALL_GENOME = 100_000_000
# files of so many are looked at while planning, which takes a second or so each
MOST_EXPERIMENTS = 50
DRY_RUN = any(re.fullmatch(r"--dry-?run|-[Fpr]*n[Fpqr]*", argument) for argument in sys.argv)

if workflow.is_main_process:
    PROBLEMS = [*missing_genome(), *taken_places(), *missing_files(), *incomplete_experiments()]
    if "propose" in config:
        PROBLEMS += complaints(check_query, proposal("target"), proposal("biosample"))
    if DRY_RUN and not PROBLEMS and "propose" not in config:
        try:
            PROBLEMS += wrong_contents()
        except InputError as error:  # of the genome itself
            PROBLEMS.append(str(error))
        except ModuleNotFoundError as error:
            # with conda, Snakemake's own environment has not what jobs have
            print(f"What files hold is not checked in this plan: {error}.", file=sys.stderr)
    if PROBLEMS:
        raise WorkflowError("\n".join(dict.fromkeys(PROBLEMS)))
