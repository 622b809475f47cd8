"""What consent reads from its environment: nothing beside the values that every service reads (shared/settings.py)."""
