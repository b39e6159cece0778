"""Motifs: discovery in attributions, databases, matching, and HOMER's files."""
