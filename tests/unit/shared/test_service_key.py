"""Keys derived from a service's master key: blind indexes, fingerprints, page tokens."""

from pathlib import Path
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.privacy import BadToken, BrokenSeal, LocalKeyFile, ServiceKey

KEY = ServiceKey("identity", bytes(32))
OTHER_SERVICE = ServiceKey("consent", bytes(32))
OTHER_MASTER = ServiceKey("identity", bytes(31) + b"\x01")


@given(st.text(), st.text())
def test_a_page_token_opens_for_its_own_context_only(keyset: str, context: str) -> None:
    token = KEY.page_token(keyset, context)
    assert KEY.open_page_token(token, context) == keyset
    for key, where in ((KEY, context + "x"), (OTHER_SERVICE, context), (OTHER_MASTER, context)):
        with pytest.raises(BadToken):
            key.open_page_token(token, where)


@given(st.text(max_size=60))
def test_a_made_up_page_token_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        KEY.open_page_token(token, "context")


def test_page_tokens_are_safe_in_a_url() -> None:
    assert all(part.isalnum() or part in "-_" for part in KEY.page_token("k" * 99, "c"))


def test_indexes_and_fingerprints_differ_by_service_master_and_purpose() -> None:
    keys = (KEY, OTHER_SERVICE, OTHER_MASTER)
    assert len({key.blind("name", "ada") for key in keys}) == 3
    assert len({key.fingerprint(b"request") for key in keys}) == 3
    assert len({KEY.derived("links"), KEY.derived("pages"), OTHER_SERVICE.derived("links")}) == 3


def test_a_blind_index_is_a_valid_uuid_of_version_8() -> None:
    assert KEY.blind("name", "ada").version == 8
    assert KEY.blind("name", "ada").variant == RFC_4122


def test_a_wrapped_key_opens_for_its_subject_and_key_id_only() -> None:
    wrapped = KEY.wrap(UUID(int=1), 7, b"k" * 32)
    assert KEY.unwrap(UUID(int=1), 7, wrapped) == b"k" * 32
    for key, subject, key_id, data in (
        (KEY, 2, 7, wrapped), (KEY, 1, 8, wrapped), (OTHER_SERVICE, 1, 7, wrapped), (KEY, 1, 7, b""),
    ):  # fmt: skip
        with pytest.raises(BrokenSeal):
            key.unwrap(UUID(int=subject), key_id, data)


async def test_a_local_key_file_holds_32_bytes(tmp_path: Path) -> None:
    (tmp_path / "identity.key").write_bytes(b"m" * 32)
    (tmp_path / "consent.key").write_bytes(b"m" * 31)
    assert await LocalKeyFile(tmp_path).master_key("identity") == b"m" * 32
    with pytest.raises(ValueError, match=r"consent\.key, found 31"):
        await LocalKeyFile(tmp_path).master_key("consent")
    with pytest.raises(ValueError, match="found 5"):
        ServiceKey("identity", b"short")
