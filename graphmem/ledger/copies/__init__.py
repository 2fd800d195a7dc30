"""The ledger as a whole: copies, export and import, the state hash, the search for problems."""
