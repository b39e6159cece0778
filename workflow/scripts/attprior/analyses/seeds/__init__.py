"""Which seeds of both arms explain an example locus alike."""

TITLE = "Clusters of seeds"
ABOUT = "which seeds of both arms explain the example loci alike"
PLACE = 80
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5"}
SETTINGS = {"loci": "figures/loci"}
TABLES = {"table": "table"}
DRAWS = ["table"]
