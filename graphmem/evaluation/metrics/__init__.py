"""Measures of what was found and answered."""
