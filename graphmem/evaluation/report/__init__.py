"""The report of an evaluation: tables, plots, a page, and the questions that the graph won and lost."""
