"""Peers' events → effects of billing: none; whom a bill concerns it finds in its own rows."""

from collections.abc import Mapping

from shared.effects import Decide

CONSUMERS: Mapping[str, Mapping[type, Decide]] = {}
