"""Figures, each drawn from the tables of its analysis alone."""
