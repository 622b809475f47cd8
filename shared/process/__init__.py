"""The composition root: turns a service's tables into a running process, and ends it cleanly."""

from shared.process.running import run

__all__ = ["run"]
