// What facts say of some entities, as far as a read sees them; times are microseconds since 1970.
// Parameters: $ask with user_id, agent_id, app_id, run_id, now, as_of, known_at (null: not asked), everything,
//   keys, types (null: all), most. Columns: those of `intervals.Support`, then episode_ids and the ends' names.
CYPHER replan=skip // see write.cypher
UNWIND $ask.keys AS key
MATCH (:Graphmem {key: key})<-[near:SUBJECT|OBJECT]-(m:Memory)
WHERE ($ask.types IS NULL OR near.relation IN $ask.types)
  AND ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
MATCH (m)-[s:SUBJECT]->(a), (m)-[o:OBJECT]->(b)
WHERE s.relation_id = near.relation_id AND o.relation_id = near.relation_id
WITH DISTINCT m, s, a, b
ORDER BY m.place DESC, s.relation_id
LIMIT $ask.most
RETURN s.relation_id AS relation_id, a.id AS source_id, s.relation AS type, b.id AS target_id, m.id AS memory_id,
  m.place AS place, m.text AS text, m.valid_from.epochSeconds * 1000000 + m.valid_from.microsecond AS start,
  CASE WHEN $ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at THEN null
    ELSE m.valid_to.epochSeconds * 1000000 + m.valid_to.microsecond END AS end,
  m.recorded_at.epochSeconds * 1000000 + m.recorded_at.microsecond AS recorded_at, s.confidence AS confidence,
  m.episode_ids AS episode_ids,
  a.name AS source_name, a.type AS source_type, a.aliases AS source_aliases, a:Keyword AS source_weak,
  b.name AS target_name, b.type AS target_type, b.aliases AS target_aliases, b:Keyword AS target_weak
