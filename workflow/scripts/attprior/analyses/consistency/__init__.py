"""Whether models that differ in their seed alone explain a peak alike."""

TITLE = "Consistency"
ABOUT = "whether models from different seeds explain a peak alike"
PLACE = 70
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5"}
SETTINGS = {"seed": "figures/seed"}
TABLES = {"table": None, "tests": "tests"}
DRAWS = ["table", "tests"]
HEADLINES = [
    {
        "metric": "Jaccard of seeds, gradient",
        "better": 1,
        "where": {"kind": "gradient", "metric": "jaccard"},
    },
    {
        "metric": "Jaccard of seeds, DeepSHAP",
        "better": 1,
        "where": {"kind": "deepshap", "metric": "jaccard"},
        "words": "the agreement of seeds in DeepSHAP (Jaccard; two copies score the base pairs of the input)",
    },
]
