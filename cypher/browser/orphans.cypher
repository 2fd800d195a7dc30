// Orphans: must be empty
// Nodes and edges that nothing stands behind. If there are any, run: graphmem rebuild graph
// Parameters: $owner. Columns: what, id, text.
MATCH (m:Memory {owner: $owner})
WHERE NOT EXISTS { (m)-[:DERIVED_FROM]->(:Message) } AND m.episode_ids IS NULL
RETURN 'a fact without a source' AS what, m.id AS id, m.text AS text
UNION ALL
MATCH (e:Entity:Current {owner: $owner})
WHERE NOT EXISTS { (e)<-[:MENTIONS|SUBJECT|OBJECT]-(:Memory:Current) }
RETURN 'a current entity of no current fact' AS what, e.id AS id, e.name AS text
UNION ALL
MATCH (a:Entity {owner: $owner})-[r]->(b:Entity)
WHERE r.relation_id IS NOT NULL AND NOT EXISTS {
  (a)<-[s:SUBJECT]-(:Memory:Current)-[o:OBJECT]->(b)
  WHERE s.relation_id = r.relation_id AND o.relation_id = r.relation_id
}
RETURN 'a relation that no current fact supports' AS what, r.id AS id, r.fact AS text
UNION ALL
MATCH (a:Entity {owner: $owner})-[r]->(:Entity)
UNWIND r.memory_ids AS id
WITH DISTINCT r, id
WHERE NOT EXISTS { (:Memory {owner: $owner, id: id}) }
RETURN 'a relation that names a fact which is not there' AS what, r.id AS id, r.fact AS text
UNION ALL
MATCH (t:Message {owner: $owner})
WHERE NOT EXISTS { (t)-[:PART_OF]->(:Episode) }
RETURN 'a message of no add' AS what, t.id AS id, t.content AS text
