// Removes some nodes of a home with their edges; repeated until none is left.
// Parameters: $home (with a slash at its end), $most. Columns: removed.
MATCH (n:Graphmem)
WHERE n.key STARTS WITH $home
WITH n LIMIT $most
DETACH DELETE n
RETURN count(*) AS removed
