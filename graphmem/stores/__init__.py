"""Projections of the ledger: contracts and implementations."""
