"""Readers of data sets. Each gives a `Dataset`, or an error that names the record and key that is wrong."""
