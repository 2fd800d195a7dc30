"""Full text: words, their indexes on both databases, and ranking by BM25."""
