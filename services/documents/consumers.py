"""Peers' events → effects of documents: none; what it needs of its peers it keeps as replicas (projections/)."""

from collections.abc import Mapping

from shared.effects import Decide

CONSUMERS: Mapping[str, Mapping[type, Decide]] = {}
