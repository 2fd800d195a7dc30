// Who may be the same
// Entities whose names are near one another; graphmem proposes, and does not merge them by itself.
// Parameters: $owner. Columns: one, other, similarity.
MATCH (one:Entity {owner: $owner})
WHERE one.similar_ids IS NOT NULL
UNWIND range(0, size(one.similar_ids) - 1) AS place
MATCH (other:Entity {owner: $owner, id: one.similar_ids[place]})
WHERE one.id < other.id OR NOT one.id IN coalesce(other.similar_ids, [])
RETURN one.name AS one, other.name AS other, round(one.similar_cosines[place], 2) AS similarity
ORDER BY similarity DESC, one, other
