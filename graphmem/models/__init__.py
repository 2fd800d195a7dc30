"""Models: contracts and their implementations. A model only proposes; `steps/` decides."""
