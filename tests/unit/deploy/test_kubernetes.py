"""The manifests fit Kubernetes' own schemas and the code: who may call whom is read off the policies."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.compose.prepare import BY_HAND, prepare
from deploy.local.certificates import SERVICES
from operations.stack.parts import MODULES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/kubernetes"
VERSION = "1.35"
NAME = "app.kubernetes.io/name"
Manifest = dict[str, Any]


def manifests() -> Iterator[Manifest]:
    for name in yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))


ALL = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests()}
PODS = {
    name: manifest["spec"]["template"]["spec"]
    for (kind, name), manifest in ALL.items()
    if kind in {"Deployment", "Job"}
}
CONTAINERS = [
    (name, container)
    for name, pod in PODS.items()
    for container in (*pod.get("initContainers", []), *pod["containers"])
]
MOUNTED = {name: pod["volumes"][-1]["secret"] for name, pod in PODS.items()}


@pytest.mark.parametrize("key", ALL, ids="-".join)
def test_kubernetes_would_take_it(key: tuple[str, str]) -> None:
    kubernetes_validate.validate(ALL[key], VERSION, strict=True)


def test_every_file_is_named() -> None:
    named = set(yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"])
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*named, "kustomization.yaml"}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on this machine")
def test_kustomize_puts_it_together() -> None:
    built = subprocess.run(["kubectl", "kustomize", FOLDER], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607
    whole = list(yaml.safe_load_all(built))
    assert len(whole) == len(ALL)
    images = set(re.findall(r"image: (\S+)", built))
    assert images == {"patient-portal:1.0.0", "envoyproxy/envoy:v1.40.0"}


@pytest.mark.parametrize("part", [*SERVICES, "web", "gateway"])
def test_each_part_is_many_is_probed_and_survives_a_node_being_emptied(part: str) -> None:
    container = PODS[part]["containers"][0]
    if part in MODULES:
        assert container["command"] == ["python", "-m", MODULES[part]]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert ALL[("HorizontalPodAutoscaler", part)]["spec"]["minReplicas"] == 2
    for kind in ("PodDisruptionBudget", "Service"):
        spec = ALL[(kind, part)]["spec"]
        assert spec["selector"].get("matchLabels", spec["selector"]) == {NAME: part}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port.get("targetPort", port["name"]) for port in ALL[("Service", part)]["spec"]["ports"]} <= set(ports)


@pytest.mark.parametrize(("pod", "container"), CONTAINERS, ids=[f"{pod}-{one['name']}" for pod, one in CONTAINERS])
def test_each_container_is_nobody_and_writes_nowhere_but_to_its_volumes(pod: str, container: Manifest) -> None:
    assert PODS[pod]["automountServiceAccountToken"] is False
    assert PODS[pod]["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    words = [
        word
        for probe in container.values()
        if isinstance(probe, dict)
        for word in probe.get("exec", {}).get("command", [])
    ]
    words += container["command"]
    assert [words[i + 1] for i, word in enumerate(words) if word == "-m" and find_spec(words[i + 1]) is None] == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_peer_port_is_open_to_the_callers_that_policies_name(service: str) -> None:
    contract = import_module(f"shared.contracts.{service}.v1.peers_pb2").DESCRIPTOR
    policies = import_module(f"services.{service}.policies").POLICIES
    rpcs = [rpc.name for peers in contract.services_by_name.values() for rpc in peers.methods]
    callers = {caller for rpc in rpcs for caller in policies[rpc].peers}
    assert admitted(service, "peers") == callers
    assert admitted(service, "api") == {"gateway", "web"}
    for caller in callers - {"operations"}:  # which is run by hand, from where you choose
        assert (service, 7002) in asked(caller), f"{caller} may not go out to {service}"


def admitted(part: str, port: str) -> set[str]:
    rules = ALL[("NetworkPolicy", part)]["spec"]["ingress"]
    (rule,) = [rule for rule in rules if rule["ports"] == [{"port": port, "protocol": "TCP"}]]
    return {peer["podSelector"]["matchLabels"][NAME] for peer in rule["from"]}


def asked(part: str) -> set[tuple[str, int]]:
    """(part, port) that a part may go out to, within the portal."""
    return {
        (peer["podSelector"]["matchLabels"].get(NAME, "every service"), port["port"])
        for rule in ALL[("NetworkPolicy", part)]["spec"]["egress"]
        for peer in rule["to"]
        if "podSelector" in peer
        for port in rule["ports"]
    }


def test_nothing_but_mails_payments_and_sealed_files_leaves_the_cluster() -> None:
    leaving = {
        name
        for (kind, name), manifest in ALL.items()
        if kind == "NetworkPolicy"
        for rule in manifest["spec"]["egress"]
        if any("ipBlock" in peer for peer in rule.get("to", [{"ipBlock": "anywhere"}]))
    }
    assert leaving == {"messaging", "billing", "documents", "consent"}
    assert set(PODS) <= {name for kind, name in ALL if kind == "NetworkPolicy"}


def test_secrets_are_mounted_where_the_environment_says() -> None:
    environment = ALL[("ConfigMap", "environment")]["data"]
    assert not [name for name in environment if re.search("SECRET_|PASSWORD|DATABASE|SMTP", name)]
    for name, secret in MOUNTED.items():
        paths = {item["path"] for item in secret["items"]}
        principal = {"kafka-topics": "operations"}.get(name, name)
        assert {f"certificates/{principal}.pem", f"certificates/{principal}.key"} <= paths
        assert len(paths) == len({item["key"] for item in secret["items"]})
        if name in SERVICES:
            assert {f"keys/{name}.key", "keys/analytics.key"} <= paths
            assert {f"portal_{name}_database_url", f"portal_{name}_keys_database_url"} <= paths


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on this machine")
def test_what_was_prepared_becomes_the_secrets_that_are_mounted(tmp_path: Path) -> None:
    prepare(tmp_path)
    for name in BY_HAND:
        (tmp_path / name).write_text("of nobody")
    printed = subprocess.run([FOLDER / "secrets.sh", tmp_path], check=True, capture_output=True, text=True).stdout  # noqa: S603
    held = {one["metadata"]["name"]: set(one["data"]) for one in yaml.safe_load_all(printed) if one}
    assert held == {secret["secretName"]: {item["key"] for item in secret["items"]} for secret in MOUNTED.values()}
