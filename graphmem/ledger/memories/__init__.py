"""What is remembered, as rows: episodes, facts, entities, relations, reviews, and how they are read."""
