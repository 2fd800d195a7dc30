// All nodes of a home, page by page in the order of their keys.
// Parameters: $home (with a slash at its end), $after (key), $most. Columns: key, labels, properties.
MATCH (n:Graphmem)
WHERE n.key STARTS WITH $home AND n.key > $after
RETURN n.key AS key, labels(n) AS labels, properties(n) AS properties
ORDER BY n.key
LIMIT $most
