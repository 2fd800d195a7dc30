// What connects two entities
// The shortest ways from one to the other over what is true now, at most six steps.
// Parameters: $owner, $entity, $other (names or aliases, in any case). Columns: way (a graph), told.
MATCH (a:Entity {owner: $owner}), (b:Entity {owner: $owner})
WHERE (toLower(a.name) = toLower($entity) OR any(alias IN a.aliases WHERE toLower(alias) = toLower($entity)))
  AND (toLower(b.name) = toLower($other) OR any(alias IN b.aliases WHERE toLower(alias) = toLower($other)))
  AND a <> b
MATCH way = allShortestPaths((a)-[*..6]-(b))
WHERE all(step IN nodes(way) WHERE step:Entity)
RETURN way, [step IN relationships(way) | step.fact] AS told
LIMIT 20
