"""From accessions to verified files of the portal."""


include: "inputs.smk"


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
        "../../envs/portal.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime="30m",
    params:
        # no hash of the code here: a choice once made stays, so that a run can be repeated
        # a simulated portal is where its index is
        portal=lambda wildcards, input: (
            str(Path(input.portal).parent) if input.portal else config["portal"]["url"]
        ),
        genome=lookup("genome/name", within=config),
        alignments=lookup("portal/alignments", within=config),
        control=lambda wildcards: row(wildcards.experiment)["control"] or "none",
        required=missing_roles,
    script:
        "../scripts/resolve.py"


rule download:
    """Bring a file of the portal here, and verify it."""
    input:
        # a manifest made anew concerns only the files that it changes, which params show
        manifest=ancient("<resources>/manifest/{experiment}.tsv"),
    output:
        "<resources>/encode/{experiment}/{file}.{ext}",
    log:
        "<logs>/download/{experiment}/{file}.{ext}.log",
    benchmark:
        "<benchmarks>/download/{experiment}/{file}.{ext}.tsv"
    wildcard_constraints:
        file="[A-Z0-9]+",
        ext=r"bam|bed\.gz",
    retries: 2
    localrule: True
    conda:
        "../../envs/portal.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime="12h",
    params:
        # no hash of the code here: a file that is verified needs not come again
        url=in_manifest("url"),
        md5sum=in_manifest("md5sum"),
        file_size=in_manifest("file_size"),
        portal=untracked("portal", "url"),
        hosts=untracked("portal", "hosts"),
        allow_http=untracked("portal", "allow_http"),
        requests_per_second=untracked("portal", "requests_per_second"),
    script:
        "../scripts/download.py"
