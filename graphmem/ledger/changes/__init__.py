"""Changes in one transaction, and their way back: commit, update, delete, undo, merge, split."""
