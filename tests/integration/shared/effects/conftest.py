"""The letters service once more: its effects."""

from tests.integration.shared.reading.conftest import house

__all__ = ["house"]
