"""From messages to facts: who and what is named, which statements are worth keeping, how they are related, and when."""
