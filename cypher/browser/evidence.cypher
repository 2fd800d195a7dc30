// The words behind every fact about one entity
// What was said, by whom and when, for each fact; the quotes are parts of the message, word for word.
// Parameters: $owner, $entity (a name or an alias, in any case). Columns: fact, true_now, said_by, on, quotes, message.
MATCH (e:Entity {owner: $owner})<-[:SUBJECT|OBJECT]-(m:Memory)
WHERE toLower(e.name) = toLower($entity) OR any(alias IN e.aliases WHERE toLower(alias) = toLower($entity))
WITH DISTINCT m
MATCH (m)-[taken:DERIVED_FROM]->(t:Message)
RETURN m.text AS fact, m:Current AS true_now, coalesce(t.speaker, t.role) AS said_by, toString(date(t.timestamp)) AS on,
  taken.quotes AS quotes, t.content AS message
ORDER BY m.place, t.said_as
LIMIT 500
