"""Attribution against summits and peaks."""

TITLE = "Summits"
ABOUT = "whether attribution lies near summits and in peaks"
PLACE = 40
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5", "labels": "labels"}
SETTINGS = {"seed": "figures/seed"}
TABLES = {"table": None, "curve": None, "tests": "tests"}
DRAWS = ["table", "curve", "tests"]
HEADLINES = [
    {
        "metric": "Distance to summit, DeepSHAP",
        "better": -1,
        "where": {"kind": "deepshap", "metric": "spearman"},
    },
    {
        "metric": "auPRC of peaks, DeepSHAP",
        "better": 1,
        "where": {"kind": "deepshap", "metric": "auprc"},
    },
]
