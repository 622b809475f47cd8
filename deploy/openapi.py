"""Writes OpenAPI 3.1 of the JSON API: paths and words from the contracts, callers and keys from the policies."""

import importlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from deploy.envoy.routes import VARIABLE, api_methods, bindings
from shared.errors import SLUGS
from shared.rpc.policy import ANYONE, Policy
from shared.service import SERVICES

ROOT = Path(__file__).parents[1]
DESCRIPTORS = ROOT / "shared/contracts/portal.binpb"
OUT = ROOT / "shared/contracts/openapi.json"
SERVER = "https://localhost:8443"

Json: TypeAlias = dict[str, Any]
Kind = FieldDescriptorProto

SCALARS: Mapping[int, Json] = {
    Kind.TYPE_STRING: {"type": "string"},
    Kind.TYPE_BOOL: {"type": "boolean"},
    Kind.TYPE_INT32: {"type": "integer", "format": "int32"},
    Kind.TYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
    Kind.TYPE_INT64: {"type": "string", "pattern": "^-?[0-9]+$", "format": "int64"},
    Kind.TYPE_UINT64: {"type": "string", "pattern": "^[0-9]+$", "format": "uint64"},
    Kind.TYPE_DOUBLE: {"type": "number", "format": "double"},
    Kind.TYPE_FLOAT: {"type": "number", "format": "float"},
    Kind.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}
WELL_KNOWN: Mapping[str, Json] = {
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
    ".google.type.Date": {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in ("year", "month", "day")},
        "required": ["year", "month", "day"],
    },
}
RAW = ".google.api.HttpBody"
PAGE_SIZE: Json = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 200, "default": 50}

DESCRIPTION = """
The API of the Patient Portal: the same services that the portal's own pages use, as JSON over HTTPS.

- **Signing in**: `POST /v1/sign-in` answers an access token of five minutes; send it as `Authorization: Bearer …`.
- **Commands** need the header `Idempotency-Key`: the same key gives the first answer again and does nothing twice.
- **Reading what was just written**: give an answer's `position` back in the header `portal-after`.
- **Lists**: `page_size` (50, at most 200) and `page_token` from `next_page_token` of the answer before.
- **Unknown query parameters are refused. Unknown fields of a JSON body are dropped without effect.**
- Ids are UUIDs, amounts are integer cents as strings, instants are RFC 3339 in UTC.
- Nothing here, something foreign, and something hidden are told alike: 404 `not_found`.
"""
IDEMPOTENCY_KEY = "Names this command for its caller. Where nobody is signed in: a random UUID, version 4 or 7."
AFTER = "A position that an earlier answer gave: this answer is at least as new, or 503 read_model_behind."


class NotDescribed(Exception):
    """A contract has something that this generator has no words for."""


@dataclass
class Contracts:
    """Messages, enums and comments of a descriptor set, by full name with a leading dot."""

    files: FileDescriptorSet
    messages: dict[str, DescriptorProto] = field(default_factory=dict)
    enums: dict[str, EnumDescriptorProto] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in self.files.file:
            told = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
            for index, message in enumerate(file.message_type):
                self._message(f".{file.package}", message, (4, index), told)
            for enum in file.enum_type:
                self.enums[f".{file.package}.{enum.name}"] = enum
            for index, service in enumerate(file.service):
                for number, method in enumerate(service.method):
                    name = f".{file.package}.{service.name}.{method.name}"
                    self.comments[name] = _words(told.get((6, index, 2, number), ""))

    def _message(
        self, scope: str, message: DescriptorProto, path: tuple[int, ...], told: Mapping[tuple[int, ...], str]
    ) -> None:
        name = f"{scope}.{message.name}"
        self.messages[name] = message
        self.comments[name] = _words(told.get(path, ""))
        for index, each in enumerate(message.field):
            self.comments[f"{name}.{each.name}"] = _words(told.get((*path, 2, index), ""))
        for index, nested in enumerate(message.nested_type):
            self._message(name, nested, (*path, 3, index), told)
        for enum in message.enum_type:
            self.enums[f"{name}.{enum.name}"] = enum


class OpenApi:
    """Builds the document; a message becomes a component the first time that something refers to it."""

    def __init__(self, contracts: Contracts, policies: Mapping[str, Policy]) -> None:
        self._contracts, self._policies = contracts, policies
        self._schemas: Json = {}

    def document(self) -> Json:
        """The whole document; NotDescribed where the contracts and policies do not go together."""
        paths: dict[str, Json] = {}
        for service, tag, methods in api_methods(self._contracts.files):
            for method in methods:
                policy = self._policies.get(f"{service}.{method.name}")
                if policy is None:
                    raise NotDescribed(f"expected a policy of {service}.{method.name}")
                for verb, template in bindings(method.options.Extensions[annotations_pb2.http]):
                    operation = self._operation(f".{service}.{method.name}", tag, method, policy, template)
                    paths.setdefault(VARIABLE.sub(r"{\g<name>}", template), {})[verb] = operation
        return {
            "openapi": "3.1.0",
            "info": {"title": "Patient Portal", "version": "1", "description": DESCRIPTION.strip()},
            "servers": [{"url": SERVER}],
            "tags": [{"name": name} for name in SERVICES],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": {**dict(sorted(self._schemas.items())), "Error": error_schema()},
                "parameters": {
                    "IdempotencyKey": _header("Idempotency-Key", IDEMPOTENCY_KEY, required=True, most=200),
                    "After": _header("portal-after", AFTER, required=False, most=64),
                },
                "responses": {"Error": {"description": "Refused.", "content": _json(_ref("Error"))}},
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        }

    def _operation(self, name: str, tag: str, method: MethodDescriptorProto, policy: Policy, template: str) -> Json:
        words = self._contracts.comments[name]
        operation: Json = {
            "operationId": method.name,
            "tags": [tag],
            "summary": words.split(". ")[0].rstrip(".") + ".",
            "description": words,
            "parameters": list(self._parameters(method, policy, template)),
            "responses": {"200": self._answer(method), "default": {"$ref": "#/components/responses/Error"}},
            "security": [] if policy.callers == {ANYONE} else [{"token": []}],
        }
        rule = method.options.Extensions[annotations_pb2.http]
        if rule.body:
            in_path = {variable["name"] for variable in VARIABLE.finditer(template)}
            operation["requestBody"] = self._body(method.input_type, rule.body, in_path)
        return operation

    def _parameters(self, method: MethodDescriptorProto, policy: Policy, template: str) -> Iterator[Json]:
        fields = {each.name: each for each in self._contracts.messages[method.input_type].field}
        in_path = [variable["name"] for variable in VARIABLE.finditer(template)]
        for name in in_path:
            if name not in fields:
                raise NotDescribed(f"expected the field {name} in {method.input_type}")
            yield self._parameter(method.input_type, fields.pop(name), "path")
        body = method.options.Extensions[annotations_pb2.http].body
        if body != "*" and method.input_type != RAW:
            for each in fields.values():
                if each.name != body:
                    yield self._parameter(method.input_type, each, "query")
        if policy.writes:
            yield {"$ref": "#/components/parameters/IdempotencyKey"}
        yield {"$ref": "#/components/parameters/After"}

    def _parameter(self, message: str, each: FieldDescriptorProto, place: str) -> Json:
        if each.type == Kind.TYPE_MESSAGE and each.type_name not in WELL_KNOWN:
            raise NotDescribed(f"expected no message in the query: {message}.{each.name}")
        return {
            "name": each.name,
            "in": place,
            "required": place == "path",
            "description": self._contracts.comments[f"{message}.{each.name}"],
            "schema": self._parameter_schema(each, place),
        }

    def _parameter_schema(self, each: FieldDescriptorProto, place: str) -> Json:
        if each.name == "page_size":
            return PAGE_SIZE
        is_id = place == "path" and each.name.endswith("_id") and each.type == Kind.TYPE_STRING
        return {"type": "string", "format": "uuid"} if is_id else self._field(each)

    def _body(self, message: str, body: str, in_path: set[str]) -> Json:
        if message == RAW:
            return {"required": True, "content": {"*/*": {"schema": {}}}}
        if body != "*":
            whole = next(each for each in self._contracts.messages[message].field if each.name == body)
            if whole.type_name == RAW:
                return {"required": True, "content": {"*/*": {"schema": {}}}}
            return {"required": True, "content": _json(self._field(whole))}
        return {"required": True, "content": _json(self._object(message, without=in_path))}

    def _answer(self, method: MethodDescriptorProto) -> Json:
        words = self._contracts.comments.get(method.output_type, "") or "The answer."
        if method.output_type == RAW:
            return {"description": "The file.", "content": {"*/*": {"schema": {}}}}
        schema = self._message(method.output_type)
        if method.server_streaming:
            event = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
            return {"description": words, "content": {"text/event-stream": {"schema": event}}}
        return {"description": words, "content": _json(schema)}

    def _message(self, name: str) -> Json:
        """A reference to the message's component, made if it is the first."""
        short = ".".join(part for part in name.split(".") if part not in {"", "portal", "v1"})
        if short not in self._schemas:
            self._schemas[short] = {}
            self._schemas[short] = self._object(name)
        return _ref(short)

    def _object(self, name: str, without: Collection[str] = ()) -> Json:
        message = self._contracts.messages[name]
        properties = {}
        for each in message.field:
            if each.name not in without:
                words = self._contracts.comments.get(f"{name}.{each.name}", "")
                properties[each.name] = {**self._field(each), **({"description": words} if words else {})}
        words = self._contracts.comments.get(name, "")
        return {"type": "object", **({"description": words} if words else {}), "properties": properties}

    def _field(self, each: FieldDescriptorProto) -> Json:
        if each.label == Kind.LABEL_REPEATED:
            entry = self._contracts.messages.get(each.type_name)
            if entry is not None and entry.options.map_entry:
                return {"type": "object", "additionalProperties": self._one(entry.field[1])}
            return {"type": "array", "items": self._one(each)}
        return self._one(each)

    def _one(self, each: FieldDescriptorProto) -> Json:
        if each.type in SCALARS:
            return dict(SCALARS[each.type])
        if each.type_name in WELL_KNOWN:
            return dict(WELL_KNOWN[each.type_name])
        if each.type == Kind.TYPE_ENUM:
            return {"type": "string", "enum": [value.name for value in self._contracts.enums[each.type_name].value]}
        if each.type == Kind.TYPE_MESSAGE and each.type_name in self._contracts.messages:
            return self._message(each.type_name)
        raise NotDescribed(f"expected a type that JSON has, found {each.type_name or each.type} of {each.name}")


def error_schema() -> Json:
    """google.rpc.Status as Envoy writes it; every reason there is."""
    reasons = "\n".join(f"- `{slug}`: {expected}" for slug, (_, expected) in sorted(SLUGS.items()))
    violation = {
        "type": "object",
        "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
    }
    detail = {
        "type": "object",
        "properties": {
            "@type": {"type": "string"},
            "reason": {"type": "string", "enum": sorted(SLUGS), "description": f"In ErrorInfo.\n{reasons}"},
            "domain": {"type": "string", "const": "portal"},
            "metadata": {"type": "object", "properties": {"trace_id": {"type": "string"}}},
            "field_violations": {"type": "array", "items": violation, "description": "In BadRequest: never a value."},
        },
    }
    return {
        "type": "object",
        "properties": {
            "code": {"type": "integer", "description": "The gRPC status."},
            "message": {"type": "string", "description": "What was expected."},
            "details": {"type": "array", "items": detail},
        },
        "required": ["code", "message"],
    }


def policies() -> dict[str, Policy]:
    """The rows of all services by full RPC name; services are read here only, as tables."""
    found: dict[str, Policy] = {}
    for service in SERVICES:
        table: Mapping[str, Policy] = importlib.import_module(f"services.{service}.policies").POLICIES
        found |= {f"portal.{service}.v1.{service.title()}Api.{name}": policy for name, policy in table.items()}
    return found


def generate() -> None:
    """Writes ``shared/contracts/openapi.json`` from the descriptor set and the tables of policies."""
    contracts = Contracts(FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()))
    document = OpenApi(contracts, policies()).document()
    OUT.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _words(comment: str) -> str:
    return " ".join(comment.split())


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _header(name: str, words: str, *, required: bool, most: int) -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": most}
    return {"name": name, "in": "header", "required": required, "description": words, "schema": schema}


if __name__ == "__main__":
    generate()
