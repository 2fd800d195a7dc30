// The timeline of one entity
// Every fact about it in the order in which it was true, past ones too.
// Parameters: $owner, $entity (a name or an alias, in any case). Columns: from, to (empty: still true), relation,
//   with, fact, gave_way_to.
MATCH (e:Entity {owner: $owner})<-[near:SUBJECT|OBJECT]-(m:Memory)-[far:SUBJECT|OBJECT]->(x)
WHERE (toLower(e.name) = toLower($entity) OR any(alias IN e.aliases WHERE toLower(alias) = toLower($entity)))
  AND far.relation_id = near.relation_id AND type(far) <> type(near)
OPTIONAL MATCH (m)-[:SUPERSEDED_BY]->(next:Memory)
RETURN toString(date(m.valid_from)) AS from, toString(date(m.valid_to)) AS to,
  CASE type(near) WHEN 'SUBJECT' THEN near.relation ELSE '(' + near.relation + ')' END AS relation, x.name AS with,
  m.text AS fact, next.text AS gave_way_to
ORDER BY m.valid_from, m.place
LIMIT 500
