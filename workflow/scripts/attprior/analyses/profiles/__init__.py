"""Predicted and observed profiles at the example loci."""

TITLE = "Profiles"
ABOUT = "predicted and observed reads at example peaks"
PLACE = 110
NEEDS = "profiles"
READS = {"attributions": "{arm}/{first_fold}/attributions/{head}.h5"}
SETTINGS = {"loci": "figures/loci", "tasks": "tasks"}
TABLES = {"table": None, "totals": "table"}
DRAWS = ["table", "totals"]
