"""The long run of consent's property tests: ``make properties``."""

from hypothesis import settings

settings.register_profile("properties", max_examples=100_000, deadline=None)
