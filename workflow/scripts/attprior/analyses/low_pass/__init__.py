"""Finished attributions, filtered, against those of models that were trained with the prior."""

TITLE = "Low-pass filter"
ABOUT = "whether filtering finished attributions does what the prior does"
PLACE = 60
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5", "sites": "sites"}
SETTINGS = {
    "freq_limit": "model/prior/freq_limit",
    "softness": "model/prior/softness",
    "smooth_sigma": "model/prior/smooth_sigma",
}
MEM_MB = 8000
TABLES = {"table": None, "tests": "tests"}
DRAWS = ["table", "tests"]
HEADLINES = [
    {
        "metric": "Share in sites, against filtered",
        "better": 1,
        "where": {"first": "{first}, cut", "metric": "share_in_sites"},
        "words": "the share in sites",
    },
    {
        "metric": "auPRC of sites, against filtered",
        "better": 1,
        "where": {"first": "{first}, cut", "metric": "auprc"},
    },
    {
        "metric": "Jaccard of seeds, against filtered",
        "better": 1,
        "where": {"first": "{first}, cut", "metric": "jaccard"},
    },
]
