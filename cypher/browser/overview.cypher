// Who and what is in the memory today
// Everything that starts at a person and is true now; nothing that is over.
// Parameters: $owner. Columns: p, r, x (a graph).
MATCH (p:Person:Current {owner: $owner})-[r]->(x:Entity)
RETURN p, r, x
LIMIT 300
