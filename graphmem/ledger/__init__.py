"""The ledger: one SQL database that holds the truth."""
