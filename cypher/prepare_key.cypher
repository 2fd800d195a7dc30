// Every node of graphmem is found by its key, `home/id`, which is unique. Foreign nodes do not carry the label.
// Parameters: none. Columns: none.
CREATE CONSTRAINT graphmem_key IF NOT EXISTS FOR (n:Graphmem) REQUIRE n.key IS UNIQUE
