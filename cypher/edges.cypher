// The edges of some facts, messages and entities, as far as a read sees them: what the graph walk crosses.
// An entity that more than hub items name is not expanded to them; its relations come by its newest facts.
// Parameters: $ask with user_id, agent_id, app_id, run_id, now, as_of, known_at (null: not asked), everything,
//   facts, messages, entities (keys), hub, most_hubs, newest.
// Columns: source_kind, source, target_kind, target, kind, strength, degree, weak, place (later is newer).
UNWIND $ask.facts AS key
MATCH (m:Graphmem {key: key})-[:MENTIONS]->(e)
WHERE ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
RETURN 'fact' AS source_kind, m.id AS source, 'entity' AS target_kind, e.id AS target, 'mentions' AS kind,
  1.0 AS strength, COUNT { (e)<-[:MENTIONS]-() } AS degree, e:Keyword AS weak, 0 AS place
UNION ALL
UNWIND $ask.facts AS key
MATCH (m:Graphmem {key: key})-[:DERIVED_FROM]->(t:Message)
WHERE ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
  AND ($ask.user_id IS NULL OR t.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR t.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR t.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR t.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR t.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (($ask.as_of IS NULL OR t.timestamp <= $ask.as_of)
    AND (t.expires_at IS NULL OR t.expires_at > $ask.now)))
RETURN 'fact' AS source_kind, m.id AS source, 'message' AS target_kind, t.id AS target, 'derived_from' AS kind,
  1.0 AS strength, 0 AS degree, false AS weak, t.said_as AS place
UNION ALL
UNWIND $ask.messages AS key
MATCH (t:Graphmem {key: key})-[:NEXT]-(u:Message)
WHERE ($ask.user_id IS NULL OR t.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR t.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR t.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR t.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR t.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (($ask.as_of IS NULL OR t.timestamp <= $ask.as_of)
    AND (t.expires_at IS NULL OR t.expires_at > $ask.now)))
  AND ($ask.user_id IS NULL OR u.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR u.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR u.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR u.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR u.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (($ask.as_of IS NULL OR u.timestamp <= $ask.as_of)
    AND (u.expires_at IS NULL OR u.expires_at > $ask.now)))
RETURN 'message' AS source_kind, t.id AS source, 'message' AS target_kind, u.id AS target, 'next' AS kind,
  1.0 AS strength, 0 AS degree, false AS weak, u.said_as AS place
UNION ALL
UNWIND $ask.messages AS key
MATCH (t:Graphmem {key: key})-[:MENTIONS]->(e)
WHERE 2 <= COUNT { (e)<-[:MENTIONS]-() } <= $ask.hub
  AND ($ask.user_id IS NULL OR t.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR t.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR t.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR t.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR t.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (($ask.as_of IS NULL OR t.timestamp <= $ask.as_of)
    AND (t.expires_at IS NULL OR t.expires_at > $ask.now)))
RETURN 'message' AS source_kind, t.id AS source, 'entity' AS target_kind, e.id AS target, 'mentions' AS kind,
  1.0 AS strength, COUNT { (e)<-[:MENTIONS]-() } AS degree, e:Keyword AS weak, 0 AS place
UNION ALL
UNWIND $ask.messages AS key
MATCH (t:Graphmem {key: key})<-[:DERIVED_FROM]-(m:Memory)
WHERE ($ask.user_id IS NULL OR t.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR t.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR t.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR t.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR t.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (($ask.as_of IS NULL OR t.timestamp <= $ask.as_of)
    AND (t.expires_at IS NULL OR t.expires_at > $ask.now)))
  AND ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
RETURN 'message' AS source_kind, t.id AS source, 'fact' AS target_kind, m.id AS target, 'derived_from' AS kind,
  1.0 AS strength, 0 AS degree, false AS weak, m.place AS place
UNION ALL
UNWIND $ask.entities AS key
MATCH (e:Graphmem {key: key})
WHERE COUNT { (e)<-[:MENTIONS]-() } <= $ask.hub
MATCH (e)<-[:MENTIONS]-(m:Memory)
WHERE ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
RETURN 'entity' AS source_kind, e.id AS source, 'fact' AS target_kind, m.id AS target, 'mentions' AS kind,
  1.0 AS strength, COUNT { (e)<-[:MENTIONS]-() } AS degree, e:Keyword AS weak, m.place AS place
UNION ALL
UNWIND $ask.entities AS key
MATCH (e:Graphmem {key: key})
WHERE COUNT { (e)<-[:MENTIONS]-() } <= $ask.hub
MATCH (e)<-[:MENTIONS]-(t:Message)
WHERE ($ask.user_id IS NULL OR t.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR t.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR t.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR t.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR t.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (($ask.as_of IS NULL OR t.timestamp <= $ask.as_of)
    AND (t.expires_at IS NULL OR t.expires_at > $ask.now)))
RETURN 'entity' AS source_kind, e.id AS source, 'message' AS target_kind, t.id AS target, 'mentions' AS kind,
  1.0 AS strength, COUNT { (e)<-[:MENTIONS]-() } AS degree, e:Keyword AS weak, t.said_as AS place
UNION ALL
UNWIND $ask.entities AS key
MATCH (e:Graphmem {key: key})
WHERE COUNT { (e)<-[:MENTIONS]-() } <= $ask.hub
MATCH (e)<-[near:SUBJECT]-(m:Memory)-[far:OBJECT]->(f)
WHERE far.relation_id = near.relation_id AND e <> f
  AND ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
WITH e, f, max(near.confidence) AS strength, max(m.place) AS place
RETURN 'entity' AS source_kind, e.id AS source, 'entity' AS target_kind, f.id AS target, 'relates' AS kind,
  strength AS strength, 0 AS degree, false AS weak, place AS place
UNION ALL
UNWIND $ask.entities AS key
MATCH (e:Graphmem {key: key})
WHERE COUNT { (e)<-[:MENTIONS]-() } <= $ask.hub
MATCH (e)<-[near:OBJECT]-(m:Memory)-[far:SUBJECT]->(f)
WHERE far.relation_id = near.relation_id AND e <> f
  AND ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
WITH e, f, max(near.confidence) AS strength, max(m.place) AS place
RETURN 'entity' AS source_kind, e.id AS source, 'entity' AS target_kind, f.id AS target, 'relates' AS kind,
  strength AS strength, 0 AS degree, false AS weak, place AS place
UNION ALL
UNWIND $ask.entities AS key
MATCH (e:Graphmem {key: key})
WHERE e.similar_ids IS NOT NULL
UNWIND range(0, size(e.similar_ids) - 1) AS i
RETURN 'entity' AS source_kind, e.id AS source, 'entity' AS target_kind, e.similar_ids[i] AS target, 'same_as' AS kind,
  e.similar_cosines[i] AS strength, 0 AS degree, false AS weak, 0 AS place
UNION ALL
CALL () {
  UNWIND $ask.entities AS key
  MATCH (e:Graphmem {key: key})
  WHERE COUNT { (e)<-[:MENTIONS]-() } > $ask.hub
  RETURN e
  ORDER BY e.id
  LIMIT $ask.most_hubs
}
CALL (e) {
  MATCH (m:Memory)-[named:MENTIONS]->(e)
  WHERE named.about
  RETURN m
  ORDER BY m.place DESC
  LIMIT $ask.newest
}
MATCH (e)<-[near:SUBJECT]-(m)-[far:OBJECT]->(f)
WHERE far.relation_id = near.relation_id AND e <> f
  AND ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
WITH e, f, max(near.confidence) AS strength, max(m.place) AS place
RETURN 'entity' AS source_kind, e.id AS source, 'entity' AS target_kind, f.id AS target, 'relates' AS kind,
  strength AS strength, 0 AS degree, false AS weak, place AS place
UNION ALL
CALL () {
  UNWIND $ask.entities AS key
  MATCH (e:Graphmem {key: key})
  WHERE COUNT { (e)<-[:MENTIONS]-() } > $ask.hub
  RETURN e
  ORDER BY e.id
  LIMIT $ask.most_hubs
}
CALL (e) {
  MATCH (m:Memory)-[named:MENTIONS]->(e)
  WHERE named.about
  RETURN m
  ORDER BY m.place DESC
  LIMIT $ask.newest
}
MATCH (e)<-[near:OBJECT]-(m)-[far:SUBJECT]->(f)
WHERE far.relation_id = near.relation_id AND e <> f
  AND ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
WITH e, f, max(near.confidence) AS strength, max(m.place) AS place
RETURN 'entity' AS source_kind, e.id AS source, 'entity' AS target_kind, f.id AS target, 'relates' AS kind,
  strength AS strength, 0 AS degree, false AS weak, place AS place
