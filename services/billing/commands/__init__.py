"""Each command of billing, followed by its handler; one module a topic."""
