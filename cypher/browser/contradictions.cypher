// Contradictions: what was believed and gave way
// Each fact that another one took the place of, with the ones before and after, and who they are about.
// Parameters: $owner. Columns: old, gave_way, new, about (a graph).
MATCH (old:Memory {owner: $owner})-[gave_way:SUPERSEDED_BY]->(new:Memory)
RETURN old, gave_way, new,
  COLLECT { MATCH about = (m:Memory)-[:SUBJECT]->(:Entity) WHERE m IN [old, new] RETURN about } AS about
ORDER BY new.place DESC
LIMIT 50
