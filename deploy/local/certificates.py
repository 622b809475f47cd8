"""Certificates made at first start: one authority for the parts among themselves, one for the browser's address."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.files import private_folder, write_private

SERVICES = ("identity", "consent", "messaging", "documents", "billing")
PRINCIPALS = (*SERVICES, "web", "gateway", "operations", "analytics")
"""Each has ``<principal>.pem`` and ``<principal>.key``; the name is the CN (Kafka) and a DNS SAN (gRPC)."""
AUTHORITY_DAYS = 3650
PUBLIC_DAYS = 820
"""Apple's limit for certificates under an authority that a user added is 825 days."""
RENEW_DAYS = 30

LOOPBACK = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))


class Authority(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_certificates(folder: Path) -> None:
    """Makes what is missing and leaves what is there; only a certificate about to end is issued anew.

    ``authority.pem`` signs the parts' certificates. ``public-authority.pem`` signs ``public.pem``, which Envoy
    shows to browsers; its name constraints allow localhost and loopback only, so trusting it risks nothing else.
    """
    private_folder(folder)
    authority = load_or_make_authority(folder, "authority", "Patient Portal (parts)", constrained=False)
    for principal in (*PRINCIPALS, "kafka"):
        ensure_certificate(folder, principal, authority, [principal, "localhost"], AUTHORITY_DAYS)
    public = load_or_make_authority(folder, "public-authority", "Patient Portal (this machine)", constrained=True)
    ensure_certificate(folder, "public", public, ["localhost"], PUBLIC_DAYS)


def load_or_make_authority(folder: Path, name: str, title: str, *, constrained: bool) -> Authority:
    certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    if certificate_path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"expected an elliptic curve key in {key_path.name}")
        return Authority(x509.load_pem_x509_certificate(certificate_path.read_bytes()), key)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    builder = (
        unsigned(subject, subject, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if constrained:
        permitted: list[x509.GeneralName] = [x509.DNSName("localhost")]
        permitted += [x509.IPAddress(ipaddress.ip_network(address)) for address in LOOPBACK]
        builder = builder.add_extension(x509.NameConstraints(permitted, excluded_subtrees=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    write_pair(folder, name, certificate, key)
    return Authority(certificate, key)


def ensure_certificate(folder: Path, name: str, authority: Authority, dns_names: list[str], days: int) -> None:
    path = folder / f"{name}.pem"
    if path.exists():
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        if ends - datetime.now(UTC) > timedelta(days=RENEW_DAYS):
            return
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(dns_name) for dns_name in dns_names]
    names += [x509.IPAddress(address) for address in LOOPBACK]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key = authority.key.public_key()
    certificate = (
        unsigned(subject, authority.certificate.subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    write_pair(folder, name, certificate, key)


def unsigned(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def write_pair(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """The key first: a certificate that is there always has its key."""
    pkcs8 = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(folder / f"{name}.key", pkcs8)
    write_private(folder / f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))
