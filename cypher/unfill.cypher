// From here on the copy of a home is not believed.
// Parameters: $home. Columns: revision, filled, current_at.
MERGE (h:GraphmemHome {id: $home})
ON CREATE SET h.revision = 0
SET h.revision = h.revision + 1, h.filled = false
RETURN h.revision AS revision, h.filled AS filled, h.current_at AS current_at
