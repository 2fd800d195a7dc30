// How many nodes Mem0 1.x wrote that no edge ties to another.
// Parameters: none. Columns: nodes.
MATCH (n)
WHERE n.name IS NOT NULL AND n.user_id IS NOT NULL AND n.created IS NOT NULL AND NOT (n)--()
RETURN count(n) AS nodes
