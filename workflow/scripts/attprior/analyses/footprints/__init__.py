"""Attribution in footprints, motif instances and peaks of other factors."""

TITLE = "Footprints"
ABOUT = "how much attribution lies in footprints, motif instances and peaks of others"
PLACE = 30
NEEDS = "sets of bases"
READS = {
    "attributions": "{arm}/{fold}/attributions/{head}.h5",
    "intervals": "intervals",
    "motifs": "instance motifs",
}
SETTINGS = {
    "seed": "figures/seed",
    "interval_sets": "interval sets",
    "instance_sets": "instance sets",
    "p_value": "footprints/p_value",
}
TABLES = {"table": None, "curve": None, "tests": "tests"}
DRAWS = ["table", "curve", "tests"]
HEADLINES = [
    {
        "metric": "Share in sets of bases, DeepSHAP",
        "better": 1,
        "where": {"kind": "deepshap", "metric": "share"},
        "words": "DeepSHAP's share in",
    },
    {
        "metric": "auPRC of sets of bases, DeepSHAP",
        "better": 1,
        "where": {"kind": "deepshap", "metric": "auprc"},
    },
]
