"""Whether attributions follow the GC content outside sites."""

TITLE = "Composition"
ABOUT = "whether attribution outside of sites follows GC content"
PLACE = 50
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5", "sites": "sites"}
SETTINGS = {"flank": "figures/gc_flank"}
TABLES = {"table": None, "tests": "tests"}
DRAWS = ["table", "tests"]
HEADLINES = [
    {
        "metric": "GC dependence, DeepSHAP",
        "better": -1,
        "where": {"kind": "deepshap", "metric": "spearman_size"},
        "words": "DeepSHAP's dependence on GC content outside sites",
    },
]
