// What makes the database ready and is there: constraints go by the names of their indexes.
// Parameters: none. Columns: names.
SHOW INDEXES
YIELD name
WHERE name STARTS WITH 'graphmem_'
RETURN collect(name) AS names
