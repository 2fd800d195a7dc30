// The conversation around a word
// Messages in which it was said, each with the two before and after it, and the facts taken from them.
// Parameters: $owner, $word. Columns: thread, facts (a graph).
MATCH (t:Message {owner: $owner})
WHERE toLower(t.content) CONTAINS toLower($word)
WITH t
ORDER BY t.said_as
LIMIT 10
MATCH thread = (:Message)-[:NEXT*0..2]->(t)-[:NEXT*0..2]->(:Message)
RETURN thread, COLLECT { MATCH taken = (t)<-[:DERIVED_FROM]-(:Memory) RETURN taken } AS facts
