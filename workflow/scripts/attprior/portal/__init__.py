"""The ENCODE portal: its objects, the choice of files, and downloads."""
