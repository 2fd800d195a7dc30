"""What Memory does, one module a flow: remember, recall, relate, forget."""
