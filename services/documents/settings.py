"""What documents reads from its environment: the values every service reads, and none of its own."""

from shared.settings import ServiceSettings

__all__ = ["ServiceSettings"]
