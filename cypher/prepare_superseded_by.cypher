// Which facts gave way to a fact: those are few.
// Parameters: none. Columns: none.
CREATE INDEX graphmem_superseded_by IF NOT EXISTS FOR (n:Graphmem) ON (n.superseded_by)
