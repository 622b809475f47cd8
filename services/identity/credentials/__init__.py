"""Secrets and what is of the moment: passwords, factors, sessions, links, tokens, throttles. Never events."""
