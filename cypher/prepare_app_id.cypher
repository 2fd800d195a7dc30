// Facts of a scope, in the order of writing: only facts have a place.
// Parameters: none. Columns: none.
CREATE INDEX graphmem_app_id IF NOT EXISTS FOR (n:Graphmem) ON (n.app_id, n.home, n.place)
