// Facts of a scope, in the order of writing: only facts have a place.
// Parameters: none. Columns: none.
CREATE INDEX graphmem_run_id IF NOT EXISTS FOR (n:Graphmem) ON (n.run_id, n.home, n.place)
