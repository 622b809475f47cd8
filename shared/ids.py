"""Identifiers: random for the outside, derived for everything that a retry must find again."""

import hashlib
import secrets
import time
from datetime import datetime
from uuid import UUID, uuid5

_MILLISECOND_BITS = 48
_RANDOM_BITS = 74


def uuid7() -> UUID:
    """A random, time-ordered identifier (RFC 9562, version 7)."""
    return _time_first(time.time_ns() // 1_000_000, secrets.randbits(_RANDOM_BITS), version=7)


def derived_id(command_id: UUID, name: str, at: datetime) -> UUID:
    """The identifier called ``name`` of a command: the same for each retry that knows ``at``.

    ``at`` is the instant stored with the command. RFC 9562, version 8: 48 bits of milliseconds first,
    so that indexes stay local, then 74 bits of SHA-256.
    """
    digest = hashlib.sha256(command_id.bytes + name.encode()).digest()
    bits = int.from_bytes(digest, "big") >> (256 - _RANDOM_BITS)
    return _time_first(int(at.timestamp() * 1000), bits, version=8)


def natural_id(namespace: UUID, *parts: object) -> UUID:
    """The identifier of what its parts name (RFC 9562, version 5), e.g. one consent a patient and signer."""
    return uuid5(namespace, "\x1f".join(str(part) for part in parts))


def _time_first(milliseconds: int, bits: int, version: int) -> UUID:
    high = (milliseconds & (1 << _MILLISECOND_BITS) - 1) << 80
    middle = version << 76 | (bits >> 62 & 0xFFF) << 64
    low = 0b10 << 62 | bits & (1 << 62) - 1
    return UUID(int=high | middle | low)
