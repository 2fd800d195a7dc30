// What changed since a day
// Facts that began, ended or were learned since then, newest first.
// Parameters: $owner, $since (a day such as '2025-01-01'). Columns: day, change, fact, gave_way_to.
MATCH (m:Memory {owner: $owner})
OPTIONAL MATCH (m)-[:SUPERSEDED_BY]->(next:Memory)
UNWIND [
  {day: date(m.valid_from), change: 'began'},
  {day: date(m.valid_to), change: 'ended'},
  {day: date(m.recorded_at), change: 'was learned'}
] AS event
WITH m, next, event
WHERE event.day >= date($since)
  AND (event.change <> 'was learned' OR m.valid_from IS NULL OR date(m.valid_from) < date($since))
RETURN toString(event.day) AS day, event.change AS change, m.text AS fact,
  CASE event.change WHEN 'ended' THEN next.text END AS gave_way_to
ORDER BY day DESC, m.place DESC
LIMIT 500
