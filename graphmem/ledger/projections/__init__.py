"""What vectors and graph are made of: the outbox, vectors, and the ledger's tables read as a graph."""
