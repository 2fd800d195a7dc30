// How far the copy of a home is; the node is made when it is not there.
// Parameters: $home. Columns: revision, filled, current_at.
MERGE (h:GraphmemHome {id: $home})
ON CREATE SET h.revision = 0, h.filled = false
RETURN h.revision AS revision, h.filled AS filled, h.current_at AS current_at
