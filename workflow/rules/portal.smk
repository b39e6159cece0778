"""From accessions to verified files of the portal."""

if workflow.is_main_process and "propose" not in config and unresolved():
    print(
        f"The portal has not been asked yet about {len(unresolved())} experiments "
        f"({', '.join(unresolved())}), so their files and controls are unknown, and the jobs that "
        "depend on them are not in this plan. The target `manifest` asks.",
        file=sys.stderr,
    )


checkpoint resolve:
    """Choose an experiment's files on the portal."""
    input:
        portal=rules.simulate_portal.output[0] if config.get("simulate") else [],
    output:
        "<resources>/manifest/{experiment}.tsv",
    log:
        "<logs>/resolve/{experiment}.log",
    benchmark:
        "<benchmarks>/resolve/{experiment}.tsv"
    localrule: True
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "30m"),
    params:
        # no hash of the code here: a choice once made stays, so that a run can be repeated
        # a simulated portal is where its index is
        portal=lambda wildcards, input: (
            str(Path(input.portal).parent) if input.portal else config["portal"]["url"]
        ),
        genome=lookup("genome/name", within=config),
        alignments=lookup("portal/alignments", within=config),
        control=lambda wildcards: PROJECT.row(wildcards.experiment)["control"] or "none",
        assay=lambda wildcards: PROJECT.assay(wildcards.experiment),
        required=lambda wildcards: PROJECT.missing_roles(wildcards.experiment),
        hosts=untracked("portal", "hosts"),
        allow_http=untracked("portal", "allow_http"),
        requests_per_second=untracked("portal", "requests_per_second"),
    script:
        "../scripts/resolve.py"


use rule download_reference as download with:
    input:
        # a manifest made anew concerns only the files that it changes, which params show
        manifest=lambda wildcards: (
            []
            if wildcards.experiment in RESOLVED
            else ancient("<resources>/manifest/{experiment}.tsv")
        ),
    output:
        "<resources>/encode/{experiment}/{file}.{ext}",
    log:
        "<logs>/download/{experiment}/{file}.{ext}.log",
    benchmark:
        "<benchmarks>/download/{experiment}/{file}.{ext}.tsv"
    wildcard_constraints:
        file="[A-Z0-9]+",
        ext=r"bam|bed\.gz",
    resources:
        **needs(500, "12h"),
    params:
        url=in_manifest("url"),
        md5sum=in_manifest("md5sum"),
        file_size=in_manifest("file_size"),


use rule download_reference as download_file with:
    output:
        "<resources>/files/{experiment}/{name}",
    log:
        "<logs>/download_file/{experiment}/{name}.log",
    benchmark:
        "<benchmarks>/download_file/{experiment}/{name}.tsv"
    wildcard_constraints:
        name=r"[A-Za-z0-9_.+-]+",
    resources:
        **needs(500, "12h"),
    params:
        url=url_of,


rule manifest:
    """Write all manifests as one, to be kept under the config key `manifest`."""
    input:
        kept=config["manifest"] or [],
        # all of the sheet in one round, then the controls that these name
        asked=sheet_manifests,
        new=new_manifests,
    output:
        "<results>/manifest.tsv",
    log:
        "<logs>/manifest.log",
    benchmark:
        "<benchmarks>/manifest.tsv"
    localrule: True
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "10m"),
    params:
        code=code_of("manifest.py"),
    script:
        "../scripts/manifest.py"


rule fetch:
    """Every file of the portal that the sheet or the kept manifest names."""
    input:
        fetched,


rule propose:
    """List experiments on the portal, and write rows for the sheet."""

    # without output: it asks anew each time, and what it writes is no other rule's input
    log:
        "<logs>/propose.log",
    localrule: True
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(500, "10m"),
    params:
        **{
            key: lambda wildcards, key=key: proposal(key)
            for key in ("target", "biosample", "assay", "peaks_only")
        },
        **block("portal", "alignments", "hosts", "allow_http", "requests_per_second"),
        genome=lambda wildcards: proposal("assembly") or config["genome"]["name"],
        portal=lookup("portal/url", within=config),
        base=lambda wildcards: proposed(),
    script:
        "../scripts/propose.py"
