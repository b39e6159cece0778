"""Contributions at example loci, base by base."""

TITLE = "Example loci"
ABOUT = "what the models look at in a few peaks"
PLACE = 100
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5"}
SETTINGS = {"loci": "figures/loci", "seeds": "figures/locus_seeds"}
TABLES = {"table": None}
DRAWS = ["table"]
FIGURE_SETTINGS = {"flank": "figures/locus_flank"}
