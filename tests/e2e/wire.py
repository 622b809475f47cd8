"""Requests as a hostile client writes them, byte for byte, and refusals held against the one shape they may have."""

from typing import Any

import httpx

from operations.outside import Portal
from shared.ids import uuid7

PREFIX = "type.googleapis.com/google.rpc."
Refusal = tuple[int, str, str]
"""HTTP status, slug, field path ('' where none is named)."""


async def send(
    portal: Portal,
    method: str,
    path: str,
    *,
    token: str = "",
    content: bytes | str | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """One request with exactly these bytes; a JSON command with a new Idempotency-Key unless headers say otherwise.

    A header that is given as '' is left out.
    """
    known = {"authorization": f"Bearer {token}" if token else ""}
    if method != "GET":
        known |= {"content-type": "application/json", "idempotency-key": str(uuid7())}
    all_headers = {name: value for name, value in {**known, **(headers or {})}.items() if value}
    return await portal.http.request(method, path, content=content, headers=all_headers)


def refusal(response: httpx.Response, *never: str) -> Refusal:
    """The refusal, whose shape is checked: nothing but code, message, reason, trace id and field; none of ``never``."""
    assert response.headers["content-type"] == "application/json", response.headers
    said = response.json()
    assert set(said) == {"code", "message", "details"}, said
    details: dict[str, dict[str, Any]] = {}
    for one in said["details"]:
        kind = one.pop("@type").removeprefix(PREFIX)
        assert kind not in details
        details[kind] = one
    assert set(details) <= {"ErrorInfo", "BadRequest"}, said
    info = details["ErrorInfo"]
    assert info["domain"] == "portal"
    assert set(info.get("metadata", {})) <= {"trace_id"}
    violations = details.get("BadRequest", {}).get("field_violations", [{}])
    assert len(violations) == 1
    for text in never:
        assert text not in response.text, "a refusal repeats what was sent"
    return response.status_code, info["reason"], violations[0].get("field", "")
