"""Genome: sequence, index, chromosome sizes and blacklist, and what is named of it."""

from attprior.files import identity
from attprior.text import is_gzip

# by name, where the config gives no FASTA file
GENOMES = {
    name: f"https://hgdownload.soe.ucsc.edu/goldenPath/{name}/bigZips/{name}.fa.gz"
    for name in ("hg19", "hg38", "mm10")
}
GENOME = f"<resources>/genome/{config['genome']['name']}"
REFERENCES = {
    "fasta": config["genome"]["fasta"] or GENOMES.get(config["genome"]["name"]),
    "blacklist": config["genome"]["blacklist"],
}
if not REFERENCES["fasta"]:
    raise WorkflowError(
        f"config key 'genome/fasta' is empty, and genome/name {config['genome']['name']!r} has no "
        f"known source; give the path or URL of its FASTA file, or one of {', '.join(GENOMES)}"
    )


for kind, place in REFERENCES.items():
    # what is to be downloaded or made is not there yet
    there = not place or is_url(place) or Path(PATHVARS.apply(place)).is_file()
    if not there and not may_be_made(place):
        raise WorkflowError(
            f"config key 'genome/{kind}': no file {place}; correct the path, or give a URL"
        )
# paths by which the rules know them
REFERENCE_FILES = {
    kind: f"{GENOME}.{kind}.download" if place and is_url(place) else place or []
    for kind, place in REFERENCES.items()
}
# a genome that stands where it belongs is used as it is
PLACE_OF_GENOME = PATHVARS.apply(f"{GENOME}.fa")
IN_PLACE = identity(PLACE_OF_GENOME) == identity(PATHVARS.apply(REFERENCES["fasta"]))
if IN_PLACE:
    REFERENCE_FILES["fasta"] = f"{GENOME}.fa"
    if not Path(PLACE_OF_GENOME).is_file():
        raise WorkflowError(
            f"config key 'genome/fasta': no file {PLACE_OF_GENOME}; correct the path"
        )
    if is_gzip(PLACE_OF_GENOME):
        raise WorkflowError(
            f"config key 'genome/fasta': {PLACE_OF_GENOME} is compressed, but stands where the plain "
            "genome belongs; decompress it, or move it elsewhere and give that path"
        )


rule download_reference:
    """Bring the genome or its blacklist here."""
    output:
        f"{GENOME}.{{kind}}.download",
    log:
        "<logs>/download_reference/{kind}.log",
    benchmark:
        "<benchmarks>/download_reference/{kind}.tsv"
    wildcard_constraints:
        kind="fasta|blacklist",
    retries: 2
    localrule: True
    conda:
        "../../envs/portal.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing("6h"),
    params:
        # no hash of the code here: what came whole needs not come again
        url=lambda wildcards: REFERENCES[wildcards.kind],
        md5sum="",
        file_size=0,
        portal=untracked("portal", "url"),
        hosts=untracked("portal", "hosts"),
        allow_http=untracked("portal", "allow_http"),
        requests_per_second=untracked("portal", "requests_per_second"),
    script:
        "../scripts/download.py"


rule genome:
    """Decompress and index the genome; only index one that stands where it belongs."""
    input:
        REFERENCE_FILES["fasta"],
    output:
        **{} if IN_PLACE else {"fasta": f"{GENOME}.fa"},
        index=f"{GENOME}.fa.fai",
    log:
        "<logs>/genome.log",
    benchmark:
        "<benchmarks>/genome.tsv"
    conda:
        "../../envs/reads.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("2h"),
    # no hash of the code: an indexed genome needs not be made again
    script:
        "../scripts/genome.py"


rule chrom_sizes:
    """Write the sizes of the chromosomes to be used."""
    input:
        f"{GENOME}.fa.fai",
    output:
        f"{GENOME}.chrom.sizes",
    log:
        "<logs>/chrom_sizes.log",
    benchmark:
        "<benchmarks>/chrom_sizes.tsv"
    conda:
        "../../envs/reads.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing("10m"),
    params:
        code=code_of("chrom_sizes.py"),
        exclude=lookup("genome/exclude", within=config),
    script:
        "../scripts/chrom_sizes.py"


rule check_places:
    """Check chromosomes, loci and intervals that the config names of the genome."""
    input:
        index=f"{GENOME}.fa.fai",
        chrom_sizes=rules.chrom_sizes.output[0],
        intervals=lambda wildcards: [path for _, path in named_intervals()],
    output:
        "<results>/places.checked",
    log:
        "<logs>/check_places.log",
    benchmark:
        "<benchmarks>/check_places.tsv"
    # before all else, but no input of it, not even an ancient one: Snakemake 9.27 does not see what
    # changed of jobs that come after one that is to run
    priority: 101
    conda:
        "../../envs/reads.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing("10m"),
    params:
        code=code_of("check_places.py"),
        intervals=lambda wildcards: [key for key, _ in named_intervals()],
        # one value each with names in it, as Snakemake does not notice when two swap theirs
        chromosomes=settings.as_text(named_chromosomes()),
        loci=settings.as_text({"browser/loci": config["browser"]["loci"]}),
    script:
        "../scripts/check_places.py"
