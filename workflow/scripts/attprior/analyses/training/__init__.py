"""Losses of every seed by epoch, and time."""

TITLE = "Training"
ABOUT = "losses by epoch, and time"
PLACE = 140
READS = {"history": "{arm}/{fold}/history.tsv"}
SETTINGS = {"folds": "folds"}
TABLES = {"table": None}
DRAWS = ["table"]
