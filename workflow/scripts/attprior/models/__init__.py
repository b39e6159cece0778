"""Architectures, a file each; `registry` says how to add one."""
