"""The gateway's routes, read off the contracts: one per HTTP binding of each ``…Api`` service, and no other."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto

METHODS = ("get", "put", "post", "delete", "patch")
BODY = ".google.api.HttpBody"
PACKAGE = re.compile(r"^portal\.(?P<service>[a-z]+)\.v1$")
VARIABLE = re.compile(r"\{(?P<name>[^}=]+)(=(?P<form>[^}]+))?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """``service`` answers ``method`` at ``template``. A raw body may be an upload; a stream has no end in time."""

    service: str
    method: str
    template: str
    raw_body: bool
    streamed: bool

    @property
    def name(self) -> str:
        """What logs and spans may say of a request: ids stay out of them."""
        return f"{self.method} {self.template}"

    @property
    def path_only(self) -> list[str]:
        """What the path names and the query may not name again: Envoy would let the query win."""
        names = [variable["name"] for variable in VARIABLE.finditer(self.template)]
        return sorted({*names, *(camel_case(name) for name in names)})

    @property
    def pattern(self) -> str:
        """The template as a regular expression over the whole path."""
        parts, end = [], 0
        for variable in VARIABLE.finditer(self.template):
            parts += [re.escape(self.template[end : variable.start()]), segments(variable["form"] or "*")]
            end = variable.end()
        return "".join([*parts, re.escape(self.template[end:])])


def camel_case(name: str) -> str:
    """The other name by which a field may be given: ``patientId`` for ``patient_id``."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def segments(form: str) -> str:
    return "/".join({"*": "[^/]+", "**": ".+"}.get(part, re.escape(part)) for part in form.split("/"))


def api_services(descriptors: Path) -> list[str]:
    """The full names of the services that outsiders may call, e.g. ``portal.consent.v1.ConsentApi``."""
    return sorted(full_name for full_name, _, _ in api_methods(FileDescriptorSet.FromString(descriptors.read_bytes())))


def routes(descriptors: Path) -> list[Route]:
    """More literal templates first, so that ``/v1/patients/find`` is not taken for a patient's id."""
    found = []
    for _, service, methods in api_methods(FileDescriptorSet.FromString(descriptors.read_bytes())):
        for method in methods:
            for verb, template in bindings(method.options.Extensions[annotations_pb2.http]):
                if not template.startswith("/v1/"):
                    raise ValueError(f"expected a path under /v1/ for {method.name}, found {template}")
                raw = method.input_type == BODY
                found.append(Route(service, verb.upper(), template, raw, method.server_streaming))
    return sorted(found, key=lambda route: (VARIABLE.sub("\x7f", route.template), route.method))


def api_methods(files: FileDescriptorSet) -> Iterator[tuple[str, str, Iterable[MethodDescriptorProto]]]:
    for file in files.file:
        package = PACKAGE.match(file.package)
        for service in file.service:
            if package and service.name.endswith("Api"):
                yield f"{file.package}.{service.name}", package["service"], service.method


def bindings(rule: http_pb2.HttpRule) -> Iterator[tuple[str, str]]:
    verb = rule.WhichOneof("pattern")
    if verb in METHODS:
        yield verb, getattr(rule, verb)
    for additional in rule.additional_bindings:
        yield from bindings(additional)
