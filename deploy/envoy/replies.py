"""The answers that Envoy gives by itself, in the words and the shape of the API's other errors."""

import json
from dataclasses import dataclass

from google.rpc import code_pb2

from shared.errors import SLUGS

DOMAIN = "portal"


@dataclass(frozen=True, slots=True)
class Reply:
    """For HTTP statuses ``comparison`` (EQ or GE) ``status``: the error of ``slug``. Never a parser's own text."""

    comparison: str
    status: int
    slug: str
    answered: int | None = None
    """Another HTTP status than Envoy's."""

    @property
    def message(self) -> str:
        return SLUGS[self.slug][1]

    @property
    def code(self) -> int:
        return int(code_pb2.Code.Value(SLUGS[self.slug][0].name))

    @property
    def json(self) -> str:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": self.slug, "domain": DOMAIN}
        return json.dumps({"code": self.code, "message": self.message, "details": [info]})


REPLIES = (
    Reply("EQ", 401, "unauthenticated"),
    Reply("EQ", 403, "unauthenticated", answered=401),  # jwt_authn's, for another audience
    Reply("EQ", 404, "not_found"),
    Reply("EQ", 408, "deadline_exceeded"),
    Reply("EQ", 413, "too_large"),
    Reply("EQ", 429, "throttled"),
    Reply("EQ", 431, "too_large"),
    Reply("EQ", 500, "internal"),
    Reply("EQ", 504, "deadline_exceeded"),
    Reply("GE", 500, "unavailable"),
    Reply("GE", 400, "invalid_field"),
)
"""The first that fits."""
