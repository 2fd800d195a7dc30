"""Techniques: ways to find what a question needs, behind one contract. `registry` knows them by name."""
