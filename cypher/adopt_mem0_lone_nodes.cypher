// How many nodes Mem0 1.x wrote that no edge ties to another.
// Parameters: wanted (labels -> values that a node must carry). Columns: nodes.
MATCH (n)
WHERE n.name IS NOT NULL AND n.user_id IS NOT NULL AND n.created IS NOT NULL AND NOT (n)--()
  AND all(label IN keys($wanted) WHERE n[label] = $wanted[label])
RETURN count(n) AS nodes
