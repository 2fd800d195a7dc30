"""The database under the ledger: connections, tables, statements, and conditions on rows."""
