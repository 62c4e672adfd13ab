"""Folders and CSV files of recordings: what is there, how it splits, where more comes from."""
