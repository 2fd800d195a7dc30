"""A generated benchmark of relationships and updates: invented people whose lives change, told in conversation.

The answers come from the model of the world that wrote the conversation, never from its text, so that they are exact
and no judge is needed.
"""
