// Removes nodes, the relations that a removed fact stood behind (those that others stand behind come again), and
// episodes without messages. What was named only by removed facts is not current any more.
// Parameters: $batch with removed (keys). Columns: removed.
CYPHER replan=skip // see write.cypher
UNWIND $batch.removed AS key
MATCH (n:Graphmem {key: key})
CALL (n) {
  MATCH (n)-[s:SUBJECT]->(a), (n)-[o:OBJECT]->(b), (a)-[tie]->(b)
  WHERE o.relation_id = s.relation_id AND tie.relation_id = s.relation_id
  DELETE tie
}
CALL (n) {
  OPTIONAL MATCH (n)-[:MENTIONS]->(e:Current)
  WHERE NOT e.key IN $batch.removed
  OPTIONAL MATCH (n)-[:PART_OF]->(p:Episode)
  RETURN collect(e) AS named, collect(p) AS episodes
}
DETACH DELETE n
WITH collect(named) AS named, collect(episodes) AS episodes, count(*) AS removed
CALL (named) {
  UNWIND named AS some
  UNWIND some AS e
  WITH DISTINCT e
  WHERE NOT EXISTS { (e)<-[:MENTIONS]-(:Memory:Current) }
  REMOVE e:Current
}
CALL (episodes) {
  UNWIND episodes AS some
  UNWIND some AS p
  WITH DISTINCT p
  WHERE NOT EXISTS { (p)<-[:PART_OF]-(:Message) }
  DELETE p
}
RETURN removed
