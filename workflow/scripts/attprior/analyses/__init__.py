"""Analyses of a comparison of two arms: what each reads, tabulates and draws.

An analysis is one folder here, and its name is the folder's. It holds

- `__init__.py`, which declares it by plain values. They are read from the file's text, so that a run is
  planned without importing anything (`attprior.analyses.registry` says what each is);
- `tables.py`, with a function `tabulate`. It is given what `READS` names, as lists of paths or as a
  path, the two `arms`, and `SETTINGS`, all by keyword; it returns the tables that `TABLES` names;
- `figure.py`, with a function `plot`. It is given the tables that `DRAWS` names, the two `arms`, and
  `FIGURE_SETTINGS`, all by keyword; it returns a matplotlib figure;
- `caption.rst`, the caption of its figure and tables in the report.

A folder that is put here is planned, run, drawn, tested and reported with the others. Modules beside
the folders are what several analyses share.
"""
