// What is no longer true
// Facts that have ended, newest first, with what took their place.
// Parameters: $owner. Columns: ended, fact, from, gave_way_to.
MATCH (m:Memory {owner: $owner})
WHERE m.valid_to <= datetime()
OPTIONAL MATCH (m)-[:SUPERSEDED_BY]->(next:Memory)
RETURN toString(date(m.valid_to)) AS ended, m.text AS fact, toString(date(m.valid_from)) AS from,
  next.text AS gave_way_to
ORDER BY m.valid_to DESC, m.place DESC
LIMIT 500
