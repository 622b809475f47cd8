"""Which of the practice's conversations each role of its staff may open (R43)."""

from collections.abc import Iterable, Mapping

TOPICS_OF_ROLE: Mapping[str, frozenset[str]] = {
    "provider": frozenset({"medical", "appointments"}),
    "clinical": frozenset({"medical", "appointments"}),
    "front_desk": frozenset({"appointments", "portal"}),
    "billing": frozenset({"billing"}),
    "support": frozenset({"portal"}),
    "admin": frozenset(),
}
"""What is addressed to a provider has the topic medical. An admin opens none, but is told what is overdue (R13)."""


def topics_of(roles: Iterable[str]) -> frozenset[str]:
    """All topics that one of the roles reaches."""
    return frozenset[str]().union(*(TOPICS_OF_ROLE.get(role, frozenset()) for role in roles))
