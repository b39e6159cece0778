"""How well both arms predict."""

TITLE = "Performance"
ABOUT = "what a prior costs or brings in prediction"
PLACE = 10
READS = {
    "performance": "{arm}/{fold}/performance.tsv",
    "groups": "{arm}/{fold}/performance.groups.tsv.gz",
}
SETTINGS = {"folds": "folds"}
TABLES = {"table": None, "tests": "tests"}
DRAWS = ["table"]
HEADLINES = [
    {
        "metric": "Profile NLL",
        "better": -1,
        "where": {"metric": "profile_nll"},
        "words": "the loss (NLL) of predicted profiles",
    },
    {"metric": "Profile JSD", "better": -1, "where": {"metric": "profile_jsd"}},
    {
        "metric": "Counts, Pearson",
        "better": 1,
        "where": {"metric": "counts_pearson"},
        "words": "the correlation (Pearson) of predicted and observed counts",
    },
    {"metric": "Peaks, auROC", "better": 1, "where": {"metric": "peaks_auroc"}},
    {"metric": "Peaks, auROC, GC-matched", "better": 1, "where": {"metric": "peaks_auroc_gc"}},
    {"metric": "Bins, auROC", "better": 1, "where": {"metric": "auroc"}},
    {"metric": "Bins, auROC, GC-matched", "better": 1, "where": {"metric": "auroc_gc"}},
    {
        "metric": "Bins, auPRC",
        "better": 1,
        "where": {"metric": "auprc"},
        "words": "the auPRC of bins",
    },
    {"metric": "Bins, auPRC, all negatives", "better": 1, "where": {"metric": "auprc_corrected"}},
    {"metric": "Bins, accuracy", "better": 1, "where": {"metric": "accuracy"}},
]
