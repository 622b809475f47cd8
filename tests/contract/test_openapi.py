"""The OpenAPI document is valid, complete, and says of each call what the policies say."""

from functools import cache
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.contracts import DESCRIPTORS
from deploy.envoy.routes import VARIABLE, routes
from deploy.openapi import Contracts, NotDescribed, OpenApi, policies
from shared.errors import SLUGS
from shared.rpc.policy import ANYONE


@cache
def document() -> dict[str, Any]:
    return OpenApi(Contracts(FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())), policies()).document()


def operations() -> dict[str, dict[str, Any]]:
    return {each["operationId"]: each for path in document()["paths"].values() for each in path.values()}


def plain(template: str) -> str:
    return VARIABLE.sub(lambda variable: "{" + variable["name"] + "}", template)


def test_the_document_is_valid_openapi() -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_every_route_of_the_gateway_is_described_and_no_other() -> None:
    described = {f"{verb.upper()} {path}" for path, verbs in document()["paths"].items() for verb in verbs}
    assert described == {f"{route.method} {plain(route.template)}" for route in routes(DESCRIPTORS)}


def test_every_operation_is_explained() -> None:
    bare = [name for name, operation in operations().items() if len(operation["description"]) < 10]
    for name, operation in operations().items():
        bare += [
            f"{name}.{each['name']}" for each in operation["parameters"] if "name" in each and not each["description"]
        ]
    assert bare == []


def test_commands_need_a_key_and_whoever_needs_a_token_is_told() -> None:
    told = operations()
    for name, policy in policies().items():
        operation = told.get(name.rpartition(".")[2])
        if operation is None:
            continue
        refs = [each.get("$ref", "") for each in operation["parameters"]]
        assert ("#/components/parameters/IdempotencyKey" in refs) == policy.writes, name
        assert (operation["security"] == []) == (policy.callers == {ANYONE}), name


def test_every_reason_is_listed() -> None:
    detail = document()["components"]["schemas"]["Error"]["properties"]["details"]["items"]
    assert detail["properties"]["reason"]["enum"] == sorted(SLUGS)


def test_a_call_without_a_policy_is_not_described() -> None:
    contracts = Contracts(FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()))
    with pytest.raises(NotDescribed):
        OpenApi(contracts, {}).document()
