// What the facts of a scope say, newest first; times are microseconds since 1970.
// Parameters: $ask with user_id, agent_id, app_id, run_id, now, as_of, known_at (null: not asked), everything,
//   by (the label to come in by), home, types (null: all), most.
// One record with a list of rows: columns of `intervals.Support`, episode_ids, the ends' names.
CALL () {
  WITH 1 AS one
  WHERE $ask.by = 'user_id'
  MATCH (m:Graphmem)
  WHERE m.user_id = $ask.user_id AND m.home = $ask.home AND m.place IS NOT NULL
  RETURN m
  UNION ALL
  WITH 1 AS one
  WHERE $ask.by = 'agent_id'
  MATCH (m:Graphmem)
  WHERE m.agent_id = $ask.agent_id AND m.home = $ask.home AND m.place IS NOT NULL
  RETURN m
  UNION ALL
  WITH 1 AS one
  WHERE $ask.by = 'app_id'
  MATCH (m:Graphmem)
  WHERE m.app_id = $ask.app_id AND m.home = $ask.home AND m.place IS NOT NULL
  RETURN m
  UNION ALL
  WITH 1 AS one
  WHERE $ask.by = 'run_id'
  MATCH (m:Graphmem)
  WHERE m.run_id = $ask.run_id AND m.home = $ask.home AND m.place IS NOT NULL
  RETURN m
}
WITH m
WHERE ($ask.user_id IS NULL OR m.user_id = $ask.user_id) AND ($ask.agent_id IS NULL OR m.agent_id = $ask.agent_id)
  AND ($ask.app_id IS NULL OR m.app_id = $ask.app_id) AND ($ask.run_id IS NULL OR m.run_id = $ask.run_id)
  AND ($ask.known_at IS NULL OR m.recorded_at <= $ask.known_at)
  AND ($ask.everything OR (
    (m.expires_at IS NULL OR m.expires_at > $ask.now)
    AND (m.valid_to IS NULL OR ($ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at)
      OR (m.valid_to > coalesce($ask.as_of, $ask.now) AND (m.valid_from IS NULL OR m.valid_to > m.valid_from)))
    AND ($ask.as_of IS NULL OR m.valid_from IS NULL OR m.valid_from <= $ask.as_of)))
MATCH (m)-[s:SUBJECT]->(a), (m)-[o:OBJECT]->(b)
WHERE o.relation_id = s.relation_id AND ($ask.types IS NULL OR s.relation IN $ask.types)
WITH m, s, a, b
ORDER BY m.place DESC, s.relation_id
LIMIT $ask.most
RETURN collect([
  s.relation_id, a.id, s.relation, b.id, m.id,
  m.place, m.text, m.valid_from.epochSeconds * 1000000 + m.valid_from.microsecond,
  CASE WHEN $ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at THEN null
    ELSE m.valid_to.epochSeconds * 1000000 + m.valid_to.microsecond END,
  m.recorded_at.epochSeconds * 1000000 + m.recorded_at.microsecond, s.confidence,
  m.episode_ids,
  a.name, a.type, a.aliases, a:Keyword,
  b.name, b.type, b.aliases, b:Keyword
]) AS rows // one record: the driver takes longer for a record than for what is in it
