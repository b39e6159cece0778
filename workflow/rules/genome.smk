"""Genome: sequence, index, chromosome sizes and blacklist; and what is checked before a run."""


rule download_reference:
    """Download the genome or its blacklist."""
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
        "../../envs/library.yaml"
    resources:
        **needs(500, "6h"),
    params:
        # no hash of the code here: a finished download is never repeated
        url=lambda wildcards: GIVEN.references[wildcards.kind],
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
        GIVEN.reference_files["fasta"],
    output:
        **{} if GIVEN.in_place else {"fasta": f"{GENOME}.fa"},
        index=f"{GENOME}.fa.fai",
    log:
        "<logs>/genome.log",
    benchmark:
        "<benchmarks>/genome.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "2h"),
    # no hash of the code: an indexed genome is not made again
    script:
        "../scripts/genome.py"


rule chrom_sizes:
    """Write the sizes of the chromosomes to be used."""
    input:
        index=f"{GENOME}.fa.fai",
    output:
        target=f"{GENOME}.chrom.sizes",
    log:
        "<logs>/chrom_sizes.log",
    benchmark:
        "<benchmarks>/chrom_sizes.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "10m"),
    params:
        **calls("genome.write_chrom_sizes"),
        exclude=lookup("genome/exclude", within=config),
    script:
        "../scripts/call.py"


rule check_places:
    """Check chromosomes, loci and intervals that the config names of the genome."""
    input:
        index=f"{GENOME}.fa.fai",
        chrom_sizes=f"{GENOME}.chrom.sizes",
        intervals=lambda wildcards: [path for _, path in GIVEN.named_intervals()],
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
        "../../envs/library.yaml"
    resources:
        **needs(1000, "10m"),
    params:
        code=code_of("check_places.py"),
        intervals=lambda wildcards: [key for key, _ in GIVEN.named_intervals()],
        # one value each with names in it, as Snakemake does not notice when two swap theirs
        chromosomes=settings.as_text(PROJECT.named_chromosomes()),
        loci=settings.as_text({"browser/loci": config["browser"]["loci"]}),
    script:
        "../scripts/check_places.py"


rule ready:
    """Print whether this machine and config are ready for a run, in seconds."""

    # without output: it looks anew each time
    log:
        "<logs>/ready.log",
    localrule: True
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(1000, "10m"),
    params:
        config=f"{len(EXPERIMENTS)} experiments, {len(CONDITIONS)} conditions",
        # by the torch that Snakemake itself has
        gpu=lambda wildcards: list(ready.gpu(DEVICE, runs_elsewhere())),
        elsewhere=lambda wildcards: runs_elsewhere(),
        most=lambda wildcards: max(MEMORY),
        download=lambda wildcards: bytes_to_come(),
        folders=[PATHVARS.apply(f"<{name}>") for name in ("results", "resources")],
        programs=lambda wildcards: needed_programs(),
        portal=config["portal"]["url"] if is_url(config["portal"]["url"]) and unresolved() else "",
        partitions=lambda wildcards: named_partitions(),
    script:
        "../scripts/ready.py"
