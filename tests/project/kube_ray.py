"""A JSON schema of KubeRay's RayJob (ray.io/v1), written after its API reference: fields of the job and of its cluster.

Pods in it are those of Kubernetes, by the definitions that it is used with.
"""

from __future__ import annotations

from typing import Any

_POD = {"$ref": "#/$defs/io.k8s.api.core.v1.PodTemplateSpec"}
_TEXT, _COUNT, _SWITCH = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_ANY = {"type": "object"}


def _fields(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_HEAD = _fields(
    ("template",),
    template=_POD,
    headService=_ANY,
    enableIngress=_SWITCH,
    rayStartParams=_TEXTS,
    serviceType=_TEXT,
)
_WORKERS = _fields(
    ("groupName", "template"),
    suspend=_SWITCH,
    groupName=_TEXT,
    replicas=_COUNT,
    minReplicas=_COUNT,
    maxReplicas=_COUNT,
    idleTimeoutSeconds=_COUNT,
    rayStartParams=_TEXTS,
    template=_POD,
    scaleStrategy=_ANY,
    numOfHosts=_COUNT,
)
_CLUSTER = _fields(
    ("headGroupSpec",),
    suspend=_SWITCH,
    managedBy=_TEXT,
    autoscalerOptions=_ANY,
    headServiceAnnotations=_TEXTS,
    enableInTreeAutoscaling=_SWITCH,
    gcsFaultToleranceOptions=_ANY,
    headGroupSpec=_HEAD,
    rayVersion=_TEXT,
    workerGroupSpecs={"type": "array", "items": _WORKERS},
)
_JOB = _fields(
    (),
    activeDeadlineSeconds=_COUNT,
    backoffLimit=_COUNT,
    rayClusterSpec=_CLUSTER,
    submitterPodTemplate=_POD,
    metadata=_TEXTS,
    clusterSelector=_TEXTS,
    submitterConfig=_fields((), backoffLimit=_COUNT),
    managedBy=_TEXT,
    deletionStrategy=_ANY,
    entrypoint=_TEXT,
    runtimeEnvYAML=_TEXT,
    jobId=_TEXT,
    submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode"]},
    entrypointResources=_TEXT,
    entrypointNumCpus={"type": "number"},
    entrypointNumGpus={"type": "number"},
    ttlSecondsAfterFinished=_COUNT,
    shutdownAfterJobFinishes=_SWITCH,
    suspend=_SWITCH,
    schedule=_TEXT,
)
RAY_JOB = _fields(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata={"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
    spec=_JOB,
)
