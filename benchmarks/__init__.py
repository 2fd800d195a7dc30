"""Scripts that measure; each prints a table and writes JSON. Run them as modules or files from the checkout."""
