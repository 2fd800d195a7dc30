// Whether a server gives each row the type that it names (5.26.0 gives all of them the first one). Rolled back.
// Parameters: none. Columns: types.
UNWIND ['NEXT', 'PART_OF'] AS type
CREATE (:GraphmemHome)-[r:$(type)]->(:GraphmemHome)
RETURN collect(DISTINCT type(r)) AS types
