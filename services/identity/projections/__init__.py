"""Identity's read models, one a file."""
