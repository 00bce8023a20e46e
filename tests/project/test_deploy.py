"""The manifests in deploy/: valid by Kubernetes' schema, with our image's user and command, and never run twice.

tests/data/kubernetes-1.37.json has the definitions of Kubernetes' API that they use, without descriptions: they are those
of the package kubernetes-validate 1.37.0 (Apache-2.0), which is too large to be installed for these tests.
"""

from __future__ import annotations

import copy
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

import aisbench
from aisbench.cli.load import load
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.config.run_config import RunConfig
from tests.project.kube_ray import RAY_JOB

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
README = (DEPLOY / "README.md").read_text()
DEFINITIONS = json.loads((ROOT / "tests" / "data" / "kubernetes-1.37.json").read_text())
SCHEMAS = {
    "Job": {"$ref": "#/$defs/io.k8s.api.batch.v1.Job"},
    "PersistentVolumeClaim": {"$ref": "#/$defs/io.k8s.api.core.v1.PersistentVolumeClaim"},
    "Pod": {"$ref": "#/$defs/io.k8s.api.core.v1.Pod"},
    "RayJob": RAY_JOB,
}
MANIFESTS = {
    f"{path.name}/{one['kind']}": one
    for path in sorted(DEPLOY.glob("*.yaml"))
    for one in yaml.safe_load_all(path.read_text())
}
JOB, RAY = MANIFESTS["job.yaml/Job"], MANIFESTS["rayjob.yaml/RayJob"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def pods_in(part: Any) -> Iterator[dict[str, Any]]:
    """The specs of all pods in a manifest: what has containers."""
    if isinstance(part, dict):
        if "containers" in part:
            yield part
        for value in part.values():
            yield from pods_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from pods_in(value)


PODS = [
    pytest.param(spec, id=f"{name}/{spec['containers'][0]['name']}")
    for name, manifest in MANIFESTS.items()
    for spec in pods_in(manifest)
]


def wrong_in(manifest: dict[str, Any]) -> list[str]:
    validator = Draft202012Validator({**DEFINITIONS, **SCHEMAS[manifest["kind"]]})
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(manifest)]


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_valid(name: str) -> None:
    assert wrong_in(MANIFESTS[name]) == []


def _misspell(manifest: dict[str, Any]) -> None:
    next(pods_in(manifest))["containers"][0]["volumeMount"] = []


def _as_text(manifest: dict[str, Any]) -> None:
    manifest["spec"]["backoffLimit"] = "0"


@pytest.mark.parametrize("spoil", [_misspell, _as_text])
@pytest.mark.parametrize("manifest", [JOB, RAY], ids=["Job", "RayJob"])
def test_the_schema_finds_mistakes(spoil: Callable[[dict[str, Any]], None], manifest: dict[str, Any]) -> None:
    spoilt = copy.deepcopy(manifest)
    spoil(spoilt)
    assert len(wrong_in(spoilt)) == 1


def config_of(args: list[str]) -> RunConfig:
    """What aisbench-load makes of `args`."""
    with load.make_context("aisbench-load", args) as context:
        own = {"search", "as_json", "no_progress", "live_port", "upload", "otlp_endpoint"}
        config = run_config({name: value for name, value in context.params.items() if name not in own})
    return config.expanded()


def test_the_job_s_arguments_are_a_run_s() -> None:
    (container,) = JOB["spec"]["template"]["spec"]["containers"]
    # The image's entry point is kept.
    assert "command" not in container
    assert re.search(r'^ENTRYPOINT \["aisbench-load"\]$', DOCKERFILE, re.MULTILINE)
    config = config_of(container["args"])
    config.check()
    assert (config.concurrency, config.num_requests) == (256, 2560)


def test_the_ray_job_s_arguments_are_a_run_s() -> None:
    command, *args = shlex.split(RAY["spec"]["entrypoint"])
    assert command == "aisbench-load"
    config = config_of(args)
    config.check()
    given = vars(config)
    (group,) = RAY["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert given["ray"] == "auto"
    assert given["nodes"] == group["replicas"] == group["minReplicas"] == group["maxReplicas"]
    assert str(given["workers_per_node"]) == group["rayStartParams"]["num-cpus"]


def test_each_load_has_a_host_of_its_own() -> None:
    (group,) = RAY["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    template = group["template"]
    (rule,) = template["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert rule["topologyKey"] == "kubernetes.io/hostname"
    assert rule["labelSelector"]["matchLabels"] == template["metadata"]["labels"]


def test_the_job_of_the_ray_job_has_another_name() -> None:
    assert JOB["metadata"]["name"] != RAY["metadata"]["name"]


def test_nothing_is_tried_twice() -> None:
    assert JOB["spec"]["backoffLimit"] == 0
    assert (JOB["spec"]["completions"], JOB["spec"]["parallelism"]) == (1, 1)
    assert (RAY["spec"]["backoffLimit"], RAY["spec"]["submitterConfig"]["backoffLimit"]) == (0, 0)


@pytest.mark.parametrize("spec", PODS)
def test_a_pod_has_no_privileges(spec: dict[str, Any]) -> None:
    """It meets the restricted Pod Security Standard, and runs as the image's user."""
    assert spec["restartPolicy"] == "Never"
    assert not spec["automountServiceAccountToken"]
    # Variables of services may look like options.
    assert not spec["enableServiceLinks"]
    user = spec["securityContext"]
    assert user["runAsNonRoot"]
    assert f"useradd --uid {user['runAsUser']} " in DOCKERFILE
    assert user["fsGroup"] == user["runAsGroup"] == user["runAsUser"]
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & spec.keys()
    assert [volume for volume in spec.get("volumes", ()) if "hostPath" in volume] == []
    for container in spec["containers"]:
        confined = container["securityContext"]
        assert not confined["allowPrivilegeEscalation"]
        assert confined["capabilities"] == {"drop": ["ALL"]}
        assert not confined.get("privileged")


@pytest.mark.parametrize("spec", PODS)
def test_a_pod_asks_for_what_it_uses(spec: dict[str, Any]) -> None:
    for container in spec["containers"]:
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys()
        assert resources["limits"] == {"memory": resources["requests"]["memory"]}


def test_a_node_of_ray_has_the_cpus_that_its_workers_take() -> None:
    (group,) = RAY["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    (container,) = group["template"]["spec"]["containers"]
    assert int(container["resources"]["requests"]["cpu"]) > int(group["rayStartParams"]["num-cpus"])


@pytest.mark.parametrize("spec", PODS)
def test_what_is_mounted_is_there(spec: dict[str, Any]) -> None:
    volumes = {volume["name"] for volume in spec.get("volumes", ())}
    assert {m["name"] for one in spec["containers"] for m in one.get("volumeMounts", ())} == volumes
    for volume in spec.get("volumes", ()):
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        assert claim in (None, MANIFESTS["volume.yaml/PersistentVolumeClaim"]["metadata"]["name"])


def test_results_go_where_the_volume_is() -> None:
    folder = Path("/work", RunConfig().work_dir)
    assert "\nWORKDIR /work\n" in DOCKERFILE
    for manifest in MANIFESTS.values():
        for spec in pods_in(manifest):
            for mount in (m for one in spec["containers"] for m in one.get("volumeMounts", ())):
                assert mount["name"] == "tmp" or folder.is_relative_to(mount["mountPath"])


def test_images_have_this_version_and_one_name_each() -> None:
    images = {container["image"] for manifest in MANIFESTS.values() for spec in pods_in(manifest) for container in spec["containers"]}  # fmt: skip
    assert images == {
        f"registry.example.com/{name}:{aisbench.__version__}" for name in ("aisbench", "aisbench-ray")
    }
    assert all(image in README for image in images)


def test_the_readme_names_what_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    named = re.findall(r"`?(?:deploy/)?([\w-]+\.yaml)", README)
    assert links
    assert [link for link in links if "://" not in link and not (DEPLOY / link).exists()] == []
    assert set(named) == {path.name for path in DEPLOY.glob("*.yaml")}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    given = {extra for found in re.findall(r"EXTRAS=([\w,-]+)", README + DOCKERFILE) for extra in found.split(",")}  # fmt: skip
    assert {"tokenizer", "kuberay", "s3"} <= given <= extras.keys()
    assert set(re.findall(r"--build-arg (\w+)=", README)) <= set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))  # fmt: skip
