// Every edge that Mem0 1.x wrote, live or invalid. Other applications' nodes, and graphmem's own, are not touched.
// Parameters: none. Columns: source, source_labels, type, target, target_labels, edge (properties),
// source_scope, target_scope ([user_id, agent_id, run_id] of each end).
MATCH (a)-[r]->(b)
WHERE a.name IS NOT NULL AND a.user_id IS NOT NULL AND a.created IS NOT NULL
  AND b.name IS NOT NULL AND b.user_id IS NOT NULL AND b.created IS NOT NULL
  AND (r.created_at IS NOT NULL OR r.created IS NOT NULL OR r.mentions IS NOT NULL)
RETURN a.name AS source, labels(a) AS source_labels, type(r) AS type, b.name AS target, labels(b) AS target_labels,
  properties(r) AS edge, [a.user_id, a.agent_id, a.run_id] AS source_scope, [b.user_id, b.agent_id, b.run_id] AS target_scope
ORDER BY coalesce(r.created_at, r.created), elementId(r)
