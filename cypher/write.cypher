// Writes a batch: nodes, the edges that start at facts and messages, and relations as edges between entities.
// Nothing is written when another writer came first (another revision); writing a batch twice is writing it once.
// All in one map, rows as lists: the size of a list that is a parameter would be part of what a plan is kept under, and
// the names of a map's keys would be most of what is sent.
// Parameters: $batch with home, prefix (of keys), revision, current_at (null: unchanged), and lists whose columns
//   stand in `stores/neo4j/rows.py`: owners, entities, episodes, messages, memories, mentions, supports, sources,
//   loose, chain, successors, relations, ties.
// Columns: revision, filled, current_at.
CYPHER replan=skip // growing would have it planned again, which costs more than a batch; it goes by keys at any size
MATCH (h:GraphmemHome {id: $batch.home})
SET h.written_at = datetime() // takes the lock before the revision is read
WITH h
WHERE h.revision = $batch.revision
SET h.revision = $batch.revision + 1, h.current_at = coalesce(datetime($batch.current_at), h.current_at)
WITH h
CALL () { // what facts and messages said before: written anew below, with the relations that they still stand behind
  UNWIND $batch.owners AS row
  MATCH (n:Graphmem {key: $batch.prefix + row[0]})
    -[r:MENTIONS|SUBJECT|OBJECT|DERIVED_FROM|SUPERSEDED_BY|NEXT|PART_OF]->(x:Graphmem)
  CALL (n, r, x, row) {
    WITH n, r, x
    WHERE type(r) = 'SUBJECT' AND NOT r.relation_id IN row[1]
    MATCH (n)-[o:OBJECT]->(b), (x)-[tie]->(b)
    WHERE o.relation_id = r.relation_id AND tie.relation_id = r.relation_id
    DELETE tie
  }
  WITH r, CASE WHEN x:Current AND x:Entity THEN x END AS named
  DELETE r
  RETURN collect(DISTINCT named) AS before
}
CALL () {
  UNWIND $batch.entities AS row
  MERGE (n:Graphmem {key: $batch.prefix + row[0]})
  WITH n, row, [known IN labels(n) WHERE known <> 'Graphmem' AND NOT known IN row[1]] AS old
  REMOVE n:$(old)
  SET n:$(row[1])
  SET n = {
    key: n.key, home: $batch.home, id: row[0], name: row[2], type: row[3], aliases: row[4], owner: row[5],
    similar_ids: row[6], similar_cosines: row[7]
  }
}
CALL () {
  UNWIND $batch.episodes AS row
  MERGE (n:Graphmem {key: $batch.prefix + row[0]})
  SET n:Episode
  SET n = {
    key: n.key, home: $batch.home, id: row[0], owner: row[1], user_id: row[2], agent_id: row[3],
    app_id: row[4], run_id: row[5], occurred_at: datetime(row[6]), recorded_at: datetime(row[7])
  }
}
CALL () {
  UNWIND $batch.messages AS row
  MERGE (n:Graphmem {key: $batch.prefix + row[0]})
  SET n:Message
  SET n = {
    key: n.key, home: $batch.home, id: row[0], content: row[1], role: row[2], speaker: row[3], owner: row[4],
    user_id: row[5], agent_id: row[6], app_id: row[7], run_id: row[8], conversation: row[9], position: row[10],
    episode_id: row[11], said_as: row[12], timestamp: datetime(row[13]), recorded_at: datetime(row[14]),
    expires_at: datetime(row[15])
  }
  WITH n
  MATCH (p:Graphmem {key: $batch.prefix + n.episode_id})
  CREATE (n)-[:PART_OF]->(p)
}
CALL () {
  UNWIND $batch.memories AS row
  MERGE (n:Graphmem {key: $batch.prefix + row[0]})
  SET n:Memory
  SET n = {
    key: n.key, home: $batch.home, id: row[0], text: row[2], kind: row[3], owner: row[4], user_id: row[5],
    agent_id: row[6], app_id: row[7], run_id: row[8], trust: row[9], modality: row[10], confidence: row[11],
    times_seen: row[12], speaker: row[13], role: row[14], place: row[15], episode_ids: row[16],
    metadata: row[17], superseded_by: row[18], valid_from: datetime(row[19]), valid_to: datetime(row[20]),
    recorded_at: datetime(row[21]), retired_at: datetime(row[22]), updated_at: datetime(row[23]),
    expires_at: datetime(row[24])
  }
  FOREACH (yes IN CASE WHEN row[1] THEN [1] ELSE [] END | SET n:Current)
  FOREACH (no IN CASE WHEN row[1] THEN [] ELSE [1] END | REMOVE n:Current)
}
CALL () {
  UNWIND $batch.mentions AS row
  MATCH (a:Graphmem {key: $batch.prefix + row[0]})
  UNWIND row[1] AS end
  MATCH (b:Graphmem {key: $batch.prefix + end[0]})
  CREATE (a)-[:MENTIONS {about: end[1]}]->(b)
}
CALL () {
  UNWIND $batch.supports AS row
  MATCH (m:Graphmem {key: $batch.prefix + row[0]})
  MATCH (a:Graphmem {key: $batch.prefix + row[1]})
  MATCH (b:Graphmem {key: $batch.prefix + row[2]})
  CREATE (m)-[s:SUBJECT]->(a), (m)-[o:OBJECT]->(b)
  SET s = {relation_id: row[3], relation: row[4], confidence: row[5]}, o = properties(s)
}
CALL () {
  UNWIND $batch.sources AS row
  MATCH (a:Graphmem {key: $batch.prefix + row[0]})
  MATCH (b:Graphmem {key: $batch.prefix + row[1]})
  CREATE (a)-[:DERIVED_FROM {quotes: row[2]}]->(b)
}
CALL () {
  UNWIND $batch.loose AS row
  MATCH (a:Graphmem {key: $batch.prefix + row[0]})
  MATCH (b:Graphmem {key: $batch.prefix + row[1]})
  MERGE (a)-[r:DERIVED_FROM]->(b)
  SET r = {quotes: row[2]}
}
CALL () {
  UNWIND $batch.chain AS row
  MATCH (a:Graphmem {key: $batch.prefix + row[0]})
  MATCH (b:Graphmem {key: $batch.prefix + row[1]})
  MERGE (a)-[:NEXT]->(b)
}
CALL () {
  UNWIND $batch.successors AS row
  MATCH (a:Graphmem {key: $batch.prefix + row[0]})
  MATCH (b:Graphmem {key: $batch.prefix + row[1]})
  MERGE (a)-[:SUPERSEDED_BY]->(b)
}
CALL () { // facts that wait for their successor
  UNWIND $batch.memories AS row
  MATCH (n:Graphmem {key: $batch.prefix + row[0]})
  MATCH (old:Graphmem)
  WHERE old.superseded_by = row[0] AND old.home = $batch.home
  MERGE (old)-[:SUPERSEDED_BY]->(n)
}
CALL () {
  UNWIND $batch.relations AS row
  MATCH (a:Graphmem {key: $batch.prefix + row[0]})
  MATCH (b:Graphmem {key: $batch.prefix + row[1]})
  MATCH (a)-[r]->(b)
  WHERE r.relation_id = row[2]
  DELETE r
}
CALL () { // with a fact behind them: it brings those that come before it, and without it nothing would remove them
  UNWIND $batch.ties AS row
  MATCH (a:Graphmem {key: $batch.prefix + row[0]})
  MATCH (b:Graphmem {key: $batch.prefix + row[1]})
  WHERE any(fact IN row[7] WHERE EXISTS { (:Graphmem {key: $batch.prefix + fact}) })
  CREATE (a)-[r:$(row[2])]->(b)
  SET r = {
    id: row[3], relation_id: row[4], relation: row[5], fact: row[6], memory_ids: row[7], confidence: row[8],
    user_id: row[9], agent_id: row[10], app_id: row[11], run_id: row[12], valid_from: datetime(row[13]),
    valid_to: datetime(row[14]), recorded_at: datetime(row[15])
  }
}
CALL (before) {
  UNWIND before AS e
  WITH e
  WHERE NOT EXISTS { (e)<-[:MENTIONS]-(:Memory:Current) }
  REMOVE e:Current
}
RETURN h.revision AS revision, h.filled AS filled, h.current_at AS current_at
