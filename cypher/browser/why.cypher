// Why is this believed
// The facts that relate two entities, the messages that they were taken from, and what they took the place of.
// Parameters: $owner, $entity, $other (names or aliases, in any case). Columns: source, about, gave_way (a graph).
MATCH (a:Entity {owner: $owner})<-[near:SUBJECT|OBJECT]-(m:Memory)-[far:SUBJECT|OBJECT]->(b:Entity)
WHERE (toLower(a.name) = toLower($entity) OR any(alias IN a.aliases WHERE toLower(alias) = toLower($entity)))
  AND (toLower(b.name) = toLower($other) OR any(alias IN b.aliases WHERE toLower(alias) = toLower($other)))
  AND far.relation_id = near.relation_id AND type(far) <> type(near)
WITH DISTINCT m
MATCH source = (m)-[:DERIVED_FROM]->(:Message)-[:PART_OF]->(:Episode)
RETURN source, COLLECT { MATCH about = (m)-[:SUBJECT|OBJECT]->(:Entity) RETURN about } AS about,
  COLLECT { MATCH gave_way = (m)-[:SUPERSEDED_BY]-(:Memory) RETURN gave_way } AS gave_way
LIMIT 100
