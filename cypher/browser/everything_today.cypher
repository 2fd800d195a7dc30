// Everything about one entity, today
// What it is related to, in both directions, and how those are related to one another.
// Parameters: $owner, $entity (a name or an alias, in any case). Columns: e, r, x, ties (a graph).
MATCH (e:Entity {owner: $owner})
WHERE toLower(e.name) = toLower($entity) OR any(alias IN e.aliases WHERE toLower(alias) = toLower($entity))
OPTIONAL MATCH (e)-[r]-(x:Entity)
WITH e, collect(r) AS r, collect(DISTINCT x) AS x
RETURN e, r, x, COLLECT { MATCH (a:Entity)-[tie]->(b:Entity) WHERE a IN x AND b IN x RETURN tie } AS ties
