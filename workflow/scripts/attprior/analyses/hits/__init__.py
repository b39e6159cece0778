"""How many peaks hold a motif instance."""

TITLE = "Motif instances"
ABOUT = "where motifs are found with one arm and missed with the other"
PLACE = 130
READS = {
    "averaged": "{arm}/attributions/{head}.h5",
    "hits": "{arm}/motifs/{head}/hits.tsv",
    "sequence_hits": "{arm}/motifs/{head}/sites.tsv",
}
SETTINGS = {"window": "motifs/modisco/window", "best": "figures/best_peaks"}
TABLES = {"table": None, "best": "table of best peaks"}
DRAWS = ["table"]
