"""How much of an attribution lies in high frequencies, and how evenly it is spread."""

TITLE = "Spectrum"
ABOUT = "how much of the attributions is high-frequency noise"
PLACE = 90
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5"}
SETTINGS = {"freq_limit": "model/prior/freq_limit", "smooth_sigma": "model/prior/smooth_sigma"}
TABLES = {"table": None, "curve": None, "tests": "tests"}
DRAWS = ["table", "curve", "tests"]
HEADLINES = [
    {
        "metric": "High frequencies, gradient",
        "better": -1,
        "where": {"kind": "gradient", "metric": "high_frequency_share"},
    },
    {
        "metric": "High frequencies, DeepSHAP",
        "better": -1,
        "where": {"kind": "deepshap", "metric": "high_frequency_share"},
        "words": "DeepSHAP's share of high frequencies",
    },
    {
        "metric": "Entropy, DeepSHAP",
        "better": -1,
        "where": {"kind": "deepshap", "metric": "entropy"},
    },
]
