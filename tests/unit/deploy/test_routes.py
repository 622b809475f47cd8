"""The gateway's routes follow from the contracts, and lead to nothing that only peers may call."""

import re
from pathlib import Path

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from deploy.envoy.replies import REPLIES
from deploy.envoy.routes import Route, api_services, routes
from shared.errors import SLUGS

DESCRIPTORS = Path(__file__).parents[3] / "shared/contracts/portal.binpb"


def test_each_of_the_five_services_is_reached_and_no_peer_service_is() -> None:
    names = api_services(DESCRIPTORS)
    assert {name.split(".")[1] for name in names} == {"identity", "consent", "messaging", "documents", "billing"}
    assert [name for name in names if "Peers" in name] == []


def test_no_two_services_claim_one_address() -> None:
    found = [(route.method, route.template) for route in routes(DESCRIPTORS)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("template", "path", "fits"),
    [
        ("/v1/patients/{patient_id}", "/v1/patients/7", True),
        ("/v1/patients/{patient_id}", "/v1/patients/7/inbox", False),
        ("/v1/patients/{patient_id}/inbox", "/v1/patients/7/inbox", True),
        ("/v1/{name=patients/*}:close", "/v1/patients/7:close", True),
        ("/v1/{name=files/**}", "/v1/files/a/b", True),
        ("/v1/a.b", "/v1/axb", False),
    ],
)
def test_a_template_fits_whole_paths(template: str, path: str, fits: bool) -> None:
    route = Route("identity", "GET", template, raw_body=False, streamed=False)
    assert bool(re.fullmatch(route.pattern, path)) is fits


def test_literal_addresses_come_before_variables(tmp_path: Path) -> None:
    assert [route.template for route in routes(written(tmp_path, "/v1/a/{id}", "/v1/a/find"))] == [
        "/v1/a/find",
        "/v1/a/{id}",
    ]


def test_an_address_outside_v1_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="under /v1/"):
        routes(written(tmp_path, "/other"))


def written(folder: Path, *templates: str) -> Path:
    """A descriptor set of one API service with one RPC per template, beside a peers' service with an address."""
    file = FileDescriptorProto(name="x.proto", package="portal.identity.v1")
    for name in ("IdentityApi", "IdentityPeers"):
        service = file.service.add(name=name)
        for number, template in enumerate(templates):
            method = service.method.add(name=f"Do{number}", input_type=".a", output_type=".b")
            method.options.Extensions[annotations_pb2.http].get = template
    path = folder / "set.binpb"
    path.write_bytes(FileDescriptorSet(file=[file]).SerializeToString())
    return path


def test_envoys_own_answers_use_known_slugs() -> None:
    assert {reply.slug for reply in REPLIES} <= set(SLUGS)
