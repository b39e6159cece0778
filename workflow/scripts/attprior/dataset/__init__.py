"""Labelled data of a condition, and the examples drawn from it."""
