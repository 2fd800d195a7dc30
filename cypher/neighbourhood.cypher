// What facts say within some hops of some entities, breadth first, one round a hop; a ball grows no further after a
// round that finds limit relations. Path lengths cannot be parameters, so the rounds are written out.
// Parameters: $ask with user_id, agent_id, app_id, run_id, now, as_of, known_at (null: not asked), everything,
//   balls [{keys, depth (at most 6)}], types (null: all), limit.
// One record with a list of rows: ball (index), columns of `intervals.Support`, episode_ids, the ends' names.
CYPHER replan=skip // see write.cypher
UNWIND range(0, size($ask.balls) - 1) AS ball
CALL (ball) {
  UNWIND $ask.balls[ball].keys AS key
  MATCH (e:Graphmem {key: key})
  RETURN collect(e) AS frontier1
}
CALL (frontier1) {
  UNWIND frontier1 AS e
  MATCH (e)<-[near:SUBJECT|OBJECT]-(m:Memory)
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
  RETURN collect({m: m, s: s, a: a, b: b}) AS found1, count(DISTINCT s.relation_id) AS size1
}
CALL (*) {
  UNWIND CASE WHEN $ask.balls[ball].depth > 1 AND size1 < $ask.limit THEN found1 ELSE [] END AS one
  UNWIND [one.a, one.b] AS e
  WITH collect(DISTINCT e) AS reached
  RETURN [e IN reached WHERE NOT e IN frontier1] AS frontier2
}
CALL (frontier2) {
  UNWIND frontier2 AS e
  MATCH (e)<-[near:SUBJECT|OBJECT]-(m:Memory)
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
  RETURN collect({m: m, s: s, a: a, b: b}) AS found2, count(DISTINCT s.relation_id) AS size2
}
CALL (*) {
  UNWIND CASE WHEN $ask.balls[ball].depth > 2 AND size2 < $ask.limit THEN found2 ELSE [] END AS one
  UNWIND [one.a, one.b] AS e
  WITH collect(DISTINCT e) AS reached
  RETURN [e IN reached WHERE NOT e IN frontier1 + frontier2] AS frontier3
}
CALL (frontier3) {
  UNWIND frontier3 AS e
  MATCH (e)<-[near:SUBJECT|OBJECT]-(m:Memory)
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
  RETURN collect({m: m, s: s, a: a, b: b}) AS found3, count(DISTINCT s.relation_id) AS size3
}
CALL (*) {
  UNWIND CASE WHEN $ask.balls[ball].depth > 3 AND size3 < $ask.limit THEN found3 ELSE [] END AS one
  UNWIND [one.a, one.b] AS e
  WITH collect(DISTINCT e) AS reached
  RETURN [e IN reached WHERE NOT e IN frontier1 + frontier2 + frontier3] AS frontier4
}
CALL (frontier4) {
  UNWIND frontier4 AS e
  MATCH (e)<-[near:SUBJECT|OBJECT]-(m:Memory)
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
  RETURN collect({m: m, s: s, a: a, b: b}) AS found4, count(DISTINCT s.relation_id) AS size4
}
CALL (*) {
  UNWIND CASE WHEN $ask.balls[ball].depth > 4 AND size4 < $ask.limit THEN found4 ELSE [] END AS one
  UNWIND [one.a, one.b] AS e
  WITH collect(DISTINCT e) AS reached
  RETURN [e IN reached WHERE NOT e IN frontier1 + frontier2 + frontier3 + frontier4] AS frontier5
}
CALL (frontier5) {
  UNWIND frontier5 AS e
  MATCH (e)<-[near:SUBJECT|OBJECT]-(m:Memory)
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
  RETURN collect({m: m, s: s, a: a, b: b}) AS found5, count(DISTINCT s.relation_id) AS size5
}
CALL (*) {
  UNWIND CASE WHEN $ask.balls[ball].depth > 5 AND size5 < $ask.limit THEN found5 ELSE [] END AS one
  UNWIND [one.a, one.b] AS e
  WITH collect(DISTINCT e) AS reached
  RETURN [e IN reached WHERE NOT e IN frontier1 + frontier2 + frontier3 + frontier4 + frontier5] AS frontier6
}
CALL (frontier6) {
  UNWIND frontier6 AS e
  MATCH (e)<-[near:SUBJECT|OBJECT]-(m:Memory)
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
  RETURN collect({m: m, s: s, a: a, b: b}) AS found6, count(DISTINCT s.relation_id) AS size6
}
UNWIND found1 + found2 + found3 + found4 + found5 + found6 AS one
WITH DISTINCT ball, one.m AS m, one.s AS s, one.a AS a, one.b AS b
RETURN collect([
  ball, s.relation_id, a.id, s.relation, b.id, m.id,
  m.place, m.text, m.valid_from.epochSeconds * 1000000 + m.valid_from.microsecond,
  CASE WHEN $ask.known_at IS NOT NULL AND m.retired_at > $ask.known_at THEN null
    ELSE m.valid_to.epochSeconds * 1000000 + m.valid_to.microsecond END,
  m.recorded_at.epochSeconds * 1000000 + m.recorded_at.microsecond, s.confidence,
  m.episode_ids,
  a.name, a.type, a.aliases, a:Keyword,
  b.name, b.type, b.aliases, b:Keyword
]) AS rows // one record: the driver takes longer for a record than for what is in it
