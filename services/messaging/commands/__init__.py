"""The commands of messaging, one module a topic: each command, followed by its handler."""
