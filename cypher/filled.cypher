// Says that everything of a home was written.
// Parameters: $home, $current_at. Columns: revision, filled, current_at.
MATCH (h:GraphmemHome {id: $home})
SET h.revision = h.revision + 1, h.filled = true, h.current_at = $current_at
RETURN h.revision AS revision, h.filled AS filled, h.current_at AS current_at
