"""What new facts do to old ones: pure rules first, a model only for what they leave open, one plan at the end."""
