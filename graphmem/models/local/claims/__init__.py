"""From facts to claims: what holds of whom, which slot it fills, what has ended. Reads the words of a fact alone."""
