// The graph as it was on a day
// The facts that were true then, each between the two that it is about.
// Parameters: $owner, $day (such as '2024-07-01'). Columns: fact, s, a, o, b (a graph).
MATCH (a:Entity)<-[s:SUBJECT]-(fact:Memory {owner: $owner})-[o:OBJECT]->(b:Entity)
WHERE s.relation_id = o.relation_id
  AND (fact.valid_from IS NULL OR date(fact.valid_from) <= date($day))
  AND (fact.valid_to IS NULL OR date(fact.valid_to) > date($day))
RETURN fact, s, a, o, b
LIMIT 300
