"""What a genome browser shows: predicted profiles, and a page of loci that works offline."""


rule predictions:
    """Write predicted profiles of the sampled test peaks, mean over seeds, as a bigWig."""
    input:
        paths=lambda wildcards: expand(
            f"{ARM}/{{fold}}/attributions/{{head}}.h5",
            fold=FOLDS,
            head=main_head(wildcards),
            allow_missing=True,
        ),
        chrom_sizes=f"{GENOME}.chrom.sizes",
    output:
        output=f"{ARM}/predictions/{{experiment}}/{{track}}.bw",
    log:
        "<logs>/predictions/{condition}/{model}/{arm}/{experiment}/{track}.log",
    benchmark:
        "<benchmarks>/predictions/{condition}/{model}/{arm}/{experiment}/{track}.tsv"
    wildcard_constraints:
        track="plus|minus|unstranded",
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(2000, "1h"),
    params:
        **calls("browser.predictions.write_predictions"),
        task=lambda wildcards: PROJECT.tasks(wildcards.condition).index(wildcards.experiment),
        strand=lambda wildcards: PROJECT.tracks(wildcards.experiment).index(wildcards.track),
    script:
        "../scripts/call.py"


rule browser:
    """Show a comparison's loci in igv.js: profiles, contributions, motif instances, peaks."""
    input:
        loci=[] if config["browser"]["loci"] else f"{COMPARED}/loci.tsv",
        fasta=SEQUENCE,
        index=f"{SEQUENCE}.fai",
        peaks=task_peaks,
        observed=task_tracks,
        predicted=predicted_tracks,
        contributions=of_arms(f"{ARM}/attributions/{{head}}.bw"),
        hits=of_arms(f"{ARM}/motifs/{{head}}/hits.bed"),
        seqlets=of_arms(f"{ARM}/motifs/{{head}}/seqlets.bed"),
        sites=of_arms(f"{ARM}/motifs/{{head}}/sites.bed"),
        known=lambda wildcards: GIVEN.known_sites(wildcards.condition),
    output:
        report(
            f"{COMPARED}/browser.html", **of_comparison("browser", "page", "../report/browser.rst")
        ),
    log:
        "<logs>/browser/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/browser/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/library.yaml"
    resources:
        **needs(2000, "1h"),
    params:
        code=code_of("browser.py"),
        page=provenance.file_hash(SCRIPTS / "attprior/browser/page.html"),
        arms=lookup("comparisons/{comparison}", within=config),
        tasks=lambda wildcards: PROJECT.tasks(wildcards.condition),
        strands=lambda wildcards: [
            len(PROJECT.tracks(task)) for task in PROJECT.tasks(wildcards.condition)
        ],
        loci=lookup("browser/loci", within=config),
        flank=lookup("figures/locus_flank", within=config),
    script:
        "../scripts/browser.py"
