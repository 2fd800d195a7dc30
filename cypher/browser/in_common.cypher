// What two entities have in common
// Whatever both are related to, today.
// Parameters: $owner, $entity, $other (names or aliases, in any case). Columns: a, of_a, x, of_b, b (a graph).
MATCH (a:Entity {owner: $owner})-[of_a]-(x:Entity)-[of_b]-(b:Entity {owner: $owner})
WHERE (toLower(a.name) = toLower($entity) OR any(alias IN a.aliases WHERE toLower(alias) = toLower($entity)))
  AND (toLower(b.name) = toLower($other) OR any(alias IN b.aliases WHERE toLower(alias) = toLower($other)))
  AND a <> b
RETURN a, of_a, x, of_b, b
LIMIT 100
