// All edges that start at some nodes.
// Parameters: $keys. Columns: source (id), type, target (id), properties.
UNWIND $keys AS key
MATCH (n:Graphmem {key: key})-[r]->(x:Graphmem)
RETURN n.id AS source, type(r) AS type, x.id AS target, properties(r) AS properties
