"""Certificates and secrets: complete, private, made once."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from deploy.local.certificates import PRINCIPALS, SERVICES, make_certificates
from deploy.local.secrets import KEYS, PASSWORDS, make_secrets


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("make", [make_certificates, make_secrets])
def test_what_was_made_is_private_and_is_not_made_again(tmp_path: Path, make: type[object]) -> None:
    folder = tmp_path / "secrets"
    make(folder)  # type: ignore[call-arg]  # either of the two functions
    first = contents(folder)
    make(folder)  # type: ignore[call-arg]  # either of the two functions
    assert contents(folder) == first
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_each_principal_has_a_certificate_in_its_name_under_the_authority(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / "authority.pem").read_bytes())
    for principal in (*PRINCIPALS, "kafka"):
        certificate = x509.load_pem_x509_certificate((tmp_path / f"{principal}.pem").read_bytes())
        certificate.verify_directly_issued_by(authority)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [principal, "localhost"]
        assert "127.0.0.1" in {str(address) for address in names.get_values_for_type(x509.IPAddress)}
        assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == principal
        assert b"BEGIN PRIVATE KEY" in (tmp_path / f"{principal}.key").read_bytes()


def test_the_browsers_authority_can_sign_for_this_machine_only(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / "public-authority.pem").read_bytes())
    x509.load_pem_x509_certificate((tmp_path / "public.pem").read_bytes()).verify_directly_issued_by(authority)
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    permitted = {str(name.value) for name in limits.value.permitted_subtrees or []}
    assert permitted == {"localhost", "127.0.0.1/32", "::1/128"}


def test_a_lost_certificate_is_issued_anew_and_the_others_stay(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "web.pem").unlink()
    make_certificates(tmp_path)
    changed = {name for name, data in contents(tmp_path).items() if data != before[name]}
    assert changed == {"web.pem", "web.key"}


def test_master_keys_are_random_and_the_public_set_verifies_what_the_signing_key_signs(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    keys = {(tmp_path / f"{name}.key").read_bytes() for name in KEYS}
    assert len(keys) == len(KEYS) == len(SERVICES) + 1
    assert {len(key) for key in keys} == {32}
    assert len({(tmp_path / f"{name}.password").read_bytes() for name in PASSWORDS}) == len(PASSWORDS)
    signing = ECKey.import_key(json.loads((tmp_path / "identity-signing.jwk").read_text()))
    public_text = (tmp_path / "jwks.json").read_text()
    assert '"d"' not in public_text
    token = jwt.encode({"alg": "ES256", "kid": signing.kid}, {"sub": "a"}, signing)
    assert jwt.decode(token, KeySet.import_key_set(json.loads(public_text))).claims == {"sub": "a"}
