// One node a home tells how far its copy is.
// Parameters: none. Columns: none.
CREATE CONSTRAINT graphmem_home IF NOT EXISTS FOR (n:GraphmemHome) REQUIRE n.id IS UNIQUE
