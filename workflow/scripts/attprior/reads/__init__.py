"""Alignments: checked, selected, and counted by their 5' ends."""
