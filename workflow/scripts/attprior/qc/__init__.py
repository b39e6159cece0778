"""Quality of experiments: what is measured of them, and how it is judged."""
