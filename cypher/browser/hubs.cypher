// Hubs: who and what most of the memory is about
// The twenty entities with the most relations that are true now, with all that ties them to one another.
// Parameters: $owner. Columns: name, type, relations, facts (current and past), hub, ties (a graph).
MATCH (hub:Entity:Current {owner: $owner})
WITH hub, COUNT { (hub)--(:Entity) } AS relations
ORDER BY relations DESC, hub.name
LIMIT 20
WITH collect({hub: hub, relations: relations}) AS hubs
UNWIND hubs AS one
WITH one.hub AS hub, one.relations AS relations, [other IN hubs | other.hub] AS all
RETURN hub.name AS name, hub.type AS type, relations, COUNT { (hub)<-[:MENTIONS]-(:Memory) } AS facts, hub,
  COLLECT { MATCH (hub)-[tie]->(other:Entity) WHERE other IN all RETURN tie } AS ties
ORDER BY relations DESC, name
