"""What a genome browser shows: predicted profiles, and a page of loci that works offline."""


rule predictions:
    """Write predicted profiles of the sampled test peaks, mean over seeds, as a bigWig."""
    input:
        attributions=lambda wildcards: expand(
            ATTRIBUTIONS,
            fold=FOLDS,
            head=main_head(wildcards.model),
            allow_missing=True,
        ),
        chrom_sizes=rules.chrom_sizes.output[0],
    output:
        f"{ARM}/predictions/{{experiment}}/{{track}}.bw",
    log:
        "<logs>/predictions/{condition}/{model}/{arm}/{experiment}/{track}.log",
    benchmark:
        "<benchmarks>/predictions/{condition}/{model}/{arm}/{experiment}/{track}.tsv"
    wildcard_constraints:
        track="plus|minus|unstranded",
    conda:
        "../../envs/browser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("1h"),
    params:
        code=code_of("predictions.py"),
        task=lambda wildcards: tasks(wildcards.condition).index(wildcards.experiment),
        strand=lambda wildcards: track_names(wildcards.experiment).index(wildcards.track),
    script:
        "../scripts/predictions.py"


rule browser:
    """Show a comparison's loci in igv.js: profiles, contributions, motif instances, peaks."""
    input:
        loci=[] if config["browser"]["loci"] else f"{COMPARED}/loci.tsv",
        fasta=SEQUENCE,
        index=f"{SEQUENCE}.fai",
        peaks=task_peaks,
        observed=task_tracks,
        predicted=predicted_tracks,
        contributions=of_arms("attributions/{head}.bw"),
        hits=of_arms("motifs/{head}/hits.bed"),
        seqlets=of_arms("motifs/{head}/seqlets.bed"),
        sites=of_arms("motifs/{head}/sites.bed"),
        known=lambda wildcards: (
            SITES.format(condition=wildcards.condition) if has_sites(wildcards.condition) else []
        ),
    output:
        report(f"{COMPARED}/browser.html", **reported("browser", "page", "../report/browser.rst")),
    log:
        "<logs>/browser/{condition}/{model}/{comparison}.log",
    benchmark:
        "<benchmarks>/browser/{condition}/{model}/{comparison}.tsv"
    conda:
        "../../envs/browser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing("1h"),
    params:
        code=code_of("browser.py"),
        page=provenance.file_hash(SCRIPTS / "attprior/browser/page.html"),
        arms=lookup("comparisons/{comparison}", within=config),
        tasks=lambda wildcards: tasks(wildcards.condition),
        strands=lambda wildcards: [len(track_names(task)) for task in tasks(wildcards.condition)],
        loci=lookup("browser/loci", within=config),
        flank=lookup("figures/locus_flank", within=config),
    script:
        "../scripts/browser.py"
