"""Each command of identity, followed by its handler; one module a topic."""
