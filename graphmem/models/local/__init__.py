"""Models that run on this machine, with no key and no server."""
