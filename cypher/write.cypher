// Writes a batch: nodes, the edges that start at facts and messages, and relations as edges between entities.
// Nothing is written when another writer came first (another revision); writing a batch twice is writing it once.
// All in one map: the size of a list that is a parameter would be part of what a plan is kept under.
// Parameters: $batch with home, revision, current_at (null: unchanged), nodes [{key, labels, properties}],
//   owners [{key, edges}] (all that starts at a node, as `TYPE relation-id target-id`), plain [{source, type, target}],
//   quoted and named [{source, target, properties}], keyed [{source, type, target, relation_id, properties}],
//   relations [{source, target, relation_id, intervals}], ties [{source, type, target, id, properties}].
// Columns: revision, filled, current_at.
MATCH (h:GraphmemHome {id: $batch.home})
SET h.written_at = datetime() // takes the lock before the revision is read
WITH h
WHERE h.revision = $batch.revision
SET h.revision = $batch.revision + 1, h.current_at = coalesce($batch.current_at, h.current_at)
WITH h
CALL () {
  UNWIND $batch.nodes AS row
  MERGE (n:Graphmem {key: row.key})
  WITH n, row, [known IN labels(n) WHERE known <> 'Graphmem' AND NOT known IN row.labels] AS old
  REMOVE n:$(old)
  SET n:$(row.labels)
  SET n = row.properties
}
CALL () {
  UNWIND $batch.owners AS row
  MATCH (n:Graphmem {key: row.key})
    -[r:MENTIONS|SUBJECT|OBJECT|DERIVED_FROM|SUPERSEDED_BY|NEXT|PART_OF]->(x:Graphmem)
  WHERE NOT type(r) + ' ' + coalesce(r.relation_id + ' ', '') + x.id IN row.edges
  CALL (n, r, x) {
    WITH n, r, x
    WHERE type(r) = 'SUBJECT'
    MATCH (n)-[o:OBJECT]->(b), (x)-[tie]->(b)
    WHERE o.relation_id = r.relation_id AND tie.relation_id = r.relation_id
    DELETE tie
  }
  WITH r, x
  DELETE r
  WITH DISTINCT x
  WHERE x:Current AND NOT EXISTS { (x)<-[:MENTIONS]-(:Memory:Current) }
  REMOVE x:Current
}
CALL () {
  UNWIND $batch.plain AS row
  MATCH (a:Graphmem {key: row.source})
  MATCH (b:Graphmem {key: row.target})
  MERGE (a)-[r:$(row.type)]->(b)
  SET r = row.properties
}
CALL () {
  UNWIND $batch.owners AS row
  MATCH (n:Graphmem {key: row.key})
  MATCH (old:Graphmem)
  WHERE old.superseded_by = n.id AND old.home = n.home
  MERGE (old)-[:SUPERSEDED_BY]->(n)
}
CALL () {
  UNWIND $batch.keyed AS row
  MATCH (a:Graphmem {key: row.source})
  MATCH (b:Graphmem {key: row.target})
  MERGE (a)-[r:$(row.type) {relation_id: row.relation_id}]->(b)
  SET r = row.properties
}
CALL () {
  UNWIND $batch.relations AS row
  MATCH (a:Graphmem {key: row.source})
  MATCH (b:Graphmem {key: row.target})
  MATCH (a)-[r]->(b)
  WHERE r.relation_id = row.relation_id AND NOT r.id IN row.intervals
  DELETE r
}
CALL () {
  UNWIND $batch.ties AS row
  MATCH (a:Graphmem {key: row.source})
  MATCH (b:Graphmem {key: row.target})
  MERGE (a)-[r:$(row.type) {id: row.id}]->(b)
  SET r = row.properties
}
RETURN h.revision AS revision, h.filled AS filled, h.current_at AS current_at
