"""Attributions, patterns and motif instances against binding sites that are known."""

TITLE = "Known sites"
ABOUT = "how much attribution lies where the binding sites are"
PLACE = 20
NEEDS = "known sites"
READS = {
    "attributions": "{arm}/{fold}/attributions/{head}.h5",
    "averaged": "{arm}/attributions/{head}.h5",
    "patterns": "{arm}/motifs/{head}/patterns.meme",
    "matches": "{arm}/motifs/{head}/matches.tsv",
    "hits": "{arm}/motifs/{head}/hits.tsv",
    "sequence_hits": "{arm}/motifs/{head}/sites.tsv",
    "folds": "folds",
    "sites": "known sites",
    "motifs": "planted motifs",
}
SETTINGS = {"window": "motifs/modisco/window"}
TABLES = {
    "table": None,
    "tests": "tests",
    "motifs": "patterns",
    "recovery": "motifs",
    "hits": "instances",
}
DRAWS = ["table", "hits"]
HEADLINES = [
    {
        "metric": "Share in known sites, DeepSHAP",
        "better": 1,
        "where": {"kind": "deepshap", "metric": "share_in_sites"},
        "words": "DeepSHAP's share in known sites",
    },
    {
        "metric": "auPRC of known sites, DeepSHAP",
        "better": 1,
        "where": {"kind": "deepshap", "metric": "auprc"},
    },
]
