"""Analyses of a comparison: arrays and tables of two arms in, tables out."""
