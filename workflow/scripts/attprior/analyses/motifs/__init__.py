"""TF-MoDISco patterns of both arms, side by side."""

TITLE = "Motifs"
ABOUT = "the TF-MoDISco patterns of both arms and what they match"
PLACE = 120
READS = {"matches": "{arm}/motifs/{head}/matches.tsv", "modisco": "{arm}/motifs/{head}/modisco.h5"}
TABLES = {"table": "table", "cwm": None}
DRAWS = ["table", "cwm"]
FIGURE_SETTINGS = {"rows": "figures/motif_rows"}
