"""Erasing for good: what goes with what, the rows, and the bytes in the files."""
