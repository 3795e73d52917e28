#!/usr/bin/env python3
"""Makes `schemas.bin`: the Kubernetes schemas that lint checks rendered objects against.

    python3 assets/kubernetes/make.py            (needs go on the PATH, and PyYAML)

The sources are the pinned Go modules below, fetched by `go mod download`. A new minor version of Kubernetes is one more line in
VERSIONS; `src/lint/schema/tests.rs` then names what it expects to find. The same pins give the same bytes.

The file: one line of plain JSON (format, pins), then a zlib stream of lines:
  line 0       the index: names, versions (body number of each name, or -1), kinds
  line 1 …     the bodies, one definition each; equal definitions of several versions are stored once

A body is a node: t type (s string, i integer, n number, b boolean, a array, o object; absent: anything), p properties,
r required, a additionalProperties, k anything goes, i items, l list type (map, set), m list map keys, e enum, f format,
c number of the name of another definition, d default, x pattern, u nullable, z made by a CRD (null is not absence),
lo/hi range, sl/sh length of text, il/ih length of list, ph most properties. Descriptions, statuses and CEL rules are left out.
"""

import json
import pathlib
import re
import subprocess
import tempfile
import zipfile
import zlib

import yaml

KUBERNETES = "k8s.io/kubernetes"
VERSIONS = {"1.33": "v1.33.13", "1.34": "v1.34.4", "1.35": "v1.35.4", "1.36": "v1.36.3"}

# Groups that a product may use. Others (dynamic resources, internal ones, reviews) come in only where a kept kind names them.
GROUPS = {
    "v1", "apps/v1", "batch/v1", "autoscaling/v1", "autoscaling/v2", "networking.k8s.io/v1", "policy/v1",
    "rbac.authorization.k8s.io/v1", "storage.k8s.io/v1", "coordination.k8s.io/v1", "apiextensions.k8s.io/v1",
    "scheduling.k8s.io/v1", "discovery.k8s.io/v1", "node.k8s.io/v1", "admissionregistration.k8s.io/v1",
}
# Written by the cluster, never by a product.
LEFT_OUT = {"Binding", "ComponentStatus", "Node", "CSINode", "VolumeAttachment", "CSIStorageCapacity"}

# module, version, folder, files
CRDS = [
    ("github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases",
     ["keda.sh_scaledobjects.yaml", "keda.sh_triggerauthentications.yaml", "keda.sh_clustertriggerauthentications.yaml"]),
    ("github.com/cert-manager/cert-manager", "v1.21.2", "deploy/crds",
     ["cert-manager.io_certificates.yaml", "cert-manager.io_issuers.yaml", "cert-manager.io_clusterissuers.yaml"]),
    ("sigs.k8s.io/gateway-api", "v1.7.0", "config/crd/standard",
     ["gateway.networking.k8s.io_gatewayclasses.yaml", "gateway.networking.k8s.io_gateways.yaml",
      "gateway.networking.k8s.io_grpcroutes.yaml", "gateway.networking.k8s.io_httproutes.yaml"]),
    ("github.com/prometheus-operator/prometheus-operator", "v0.85.0", "example/prometheus-operator-crd",
     ["monitoring.coreos.com_podmonitors.yaml", "monitoring.coreos.com_prometheusrules.yaml",
      "monitoring.coreos.com_servicemonitors.yaml"]),
    ("k8s.io/autoscaler/vertical-pod-autoscaler", "v1.8.1", "deploy", ["vpa-v1-crd-gen.yaml"]),
]
# What a product may make of them; the rest of such a file is made by its own controllers, or served in a version that leaves.
CRDS_LEFT_OUT = {"VerticalPodAutoscalerCheckpoint"}

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
# Definitions that are told by a format, or whose inside is nobody's business here.
INLINE = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"f": "quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"f": "int-or-string"},
    META + "Time": {"t": "s", "f": "date-time"},
    META + "MicroTime": {"t": "s", "f": "date-time"},
    META + "FieldsV1": {"k": True},
    META + "ManagedFieldsEntry": {"k": True},
    "io.k8s.apimachinery.pkg.runtime.RawExtension": {"k": True},
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": {"k": True},
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps": {"k": True},
}
TYPES = {"string": "s", "integer": "i", "number": "n", "boolean": "b", "array": "a", "object": "o"}
LIMITS = {"minimum": "lo", "maximum": "hi", "minLength": "sl", "maxLength": "sh", "minItems": "il", "maxItems": "ih",
          "maxProperties": "ph"}


def module(path, version):
    """The zip of a module, opened. The error field is passed over: it speaks of building the module, its files are there."""
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(["go", "mod", "download", "-json", f"{path}@{version}"], cwd=empty, capture_output=True, text=True)
    told = json.loads(done.stdout or "{}")
    if "Zip" not in told:
        raise SystemExit(f"{path}@{version} could not be fetched: {told.get('Error') or done.stderr.strip()}")
    opened = zipfile.ZipFile(told["Zip"])
    prefix = f"{path}@{version}/"
    return opened, prefix, told["Sum"]


def node(schema, crd=False):
    """One schema, reduced to what a check needs. References are kept as names; `number` turns them into numbers."""
    if "allOf" in schema and len(schema["allOf"]) == 1 and "$ref" in schema["allOf"][0]:
        schema = {**schema, "$ref": schema["allOf"][0]["$ref"]}
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return dict(INLINE[name]) if name in INLINE else {"c": name}
    out = {}
    pattern = schema.get("pattern")
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        out["f"] = "quantity" if pattern and "KMGTPE" in pattern else "int-or-string"
        return out
    if crd:
        out["z"] = True
    kind = schema.get("type")
    if kind:
        out["t"] = TYPES[kind]
    if schema.get("format"):
        out["f"] = schema["format"]
    if schema.get("enum"):
        out["e"] = schema["enum"]
    if pattern:
        out["x"] = pattern
    if schema.get("nullable"):
        out["u"] = True
    default = schema.get("default")
    if default not in (None, "", {}, [], 0, False):
        out["d"] = default
    for long, short in LIMITS.items():
        if long in schema:
            out[short] = schema[long]
    if schema.get("required"):
        out["r"] = sorted(schema["required"])
    if schema.get("properties"):
        out["p"] = {key: node(value, crd) for key, value in sorted(schema["properties"].items())}
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        out["a"] = node(more, crd)
    if more is True or schema.get("x-kubernetes-preserve-unknown-fields") or (kind == "object" and not out.get("p") and "a" not in out):
        out["k"] = True
    if "items" in schema:
        out["i"] = node(schema["items"], crd)
    if schema.get("x-kubernetes-list-type") in ("map", "set"):
        out["l"] = schema["x-kubernetes-list-type"]
    if schema.get("x-kubernetes-list-map-keys"):
        out["m"] = schema["x-kubernetes-list-map-keys"]
    return out


def enums(source):
    """The values of enumerated fields, which the published documents leave out and the generated Go code has."""
    found, definition, field, depth = {}, None, None, 0
    for line in source.splitlines():
        if line.startswith("func schema_"):
            definition, field = line[len("func schema_"):line.index("(")], None
            continue
        tabs = len(line) - len(line.lstrip("\t"))
        named = re.match(r'\t{5}"([A-Za-z0-9]+)": \{$', line)
        if named:
            field, depth = named[1], tabs
        said = re.match(r"\t+Enum:\s+\[\]interface\{\}\{(.*)\},$", line)
        if said and field:
            values = [a or b for a, b in re.findall(r'"([^"]*)"|`([^`]*)`', said[1])]
            found[(definition, field, tabs > depth + 2)] = values
    return found


def function(name):
    """The name of the Go function that builds a definition."""
    if name.startswith("io.k8s.api."):
        return "k8sio_api_" + name[len("io.k8s.api."):].replace(".", "_")
    return "pkg_" + name.split(".pkg.", 1)[-1].replace(".", "_")


def builtin(version):
    """The definitions and kinds of one version of Kubernetes."""
    opened, prefix, total = module(KUBERNETES, version)
    values = enums(opened.read(prefix + "pkg/generated/openapi/zz_generated.openapi.go").decode())
    schemas, kinds = {}, {}
    for name in sorted(opened.namelist()):
        if not (name.startswith(prefix + "api/openapi-spec/v3/") and name.endswith(".json")):
            continue
        document = json.loads(opened.read(name))
        schemas.update(document.get("components", {}).get("schemas", {}))
        for path, operations in document.get("paths", {}).items():
            parts = [part for part in path.strip("/").split("/")]
            told = operations.get("post", {}).get("x-kubernetes-group-version-kind")
            if not told or parts[-1].startswith("{"):
                continue
            group = told["version"] if not told["group"] else f"{told['group']}/{told['version']}"
            start = 2 if parts[0] == "api" else 3
            spaced = parts[start:start + 2] == ["namespaces", "{namespace}"]
            rest = parts[start + 2:] if spaced else parts[start:]
            if group not in GROUPS or len(rest) != 1 or told["kind"] in LEFT_OUT:
                continue
            kinds[(group, told["kind"])] = (rest[0], spaced or kinds.get((group, told["kind"]), ("", False))[1])
    homes = {}
    for name, schema in schemas.items():
        for told in schema.get("x-kubernetes-group-version-kind", []):
            group = told["version"] if not told["group"] else f"{told['group']}/{told['version']}"
            if (group, told["kind"]) in kinds and name.endswith("." + told["kind"]):
                homes[(group, told["kind"])] = name
    kept, waiting = {}, sorted(homes.values())
    while waiting:
        name = waiting.pop()
        if name in kept or name in INLINE:
            continue
        body = node(schemas[name])
        if name in homes.values() and "status" in body.get("p", {}):
            body["p"]["status"] = {"k": True}
        for key, field in body.get("p", {}).items():
            for inside in (False, True):
                said = values.get((function(name), key, inside))
                if said:
                    (field["i"] if inside and "i" in field else field)["e"] = said
        kept[name] = body
        waiting.extend(references(body))
    return kept, {key: (homes[key], *kinds[key]) for key in homes}, total


def references(value):
    """Every definition that a body names."""
    if isinstance(value, dict):
        if isinstance(value.get("c"), str):
            yield value["c"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def custom(path, version, folder, files):
    """The definitions and kinds of one project's CRDs."""
    opened, prefix, total = module(path, version)
    kept, kinds = {}, {}
    documents = [crd for file in files for crd in yaml.safe_load_all(opened.read(f"{prefix}{folder}/{file}")) if crd]
    for crd in documents:
        spec = crd["spec"]
        if spec["names"]["kind"] in CRDS_LEFT_OUT:
            continue
        for served in spec["versions"]:
            if not served["served"]:
                continue
            name = ".".join([*reversed(spec["group"].split(".")), served["name"], spec["names"]["kind"]])
            body = node(served["schema"]["openAPIV3Schema"], crd=True)
            body["p"].pop("status", None)
            body["p"].update(status={"k": True}, metadata={"c": META + "ObjectMeta"}, apiVersion={"t": "s"}, kind={"t": "s"})
            kept[name] = body
            kinds[(f"{spec['group']}/{served['name']}", spec["names"]["kind"])] = (name, spec["names"]["plural"], spec["scope"] == "Namespaced")
    return kept, kinds, total


def number(value, names):
    """References as numbers."""
    if isinstance(value, dict):
        return {k: names[v] if k == "c" and isinstance(v, str) else number(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [number(inner, names) for inner in value]
    return value


def main():
    pins, crds, crd_kinds = {}, {}, {}
    for path, version, folder, files in CRDS:
        kept, kinds, total = custom(path, version, folder, files)
        crds.update(kept)
        crd_kinds.update(kinds)
        pins[f"{path}@{version}"] = total
    made = {}
    for minor, version in VERSIONS.items():
        kept, kinds, total = builtin(version)
        made[minor] = ({**kept, **crds}, {**kinds, **crd_kinds})
        pins[f"{KUBERNETES}@{version}"] = total
    every = sorted({name for kept, _ in made.values() for name in kept})
    numbers = {name: at for at, name in enumerate(every)}
    bodies, seen, tables = [], {}, {minor: [-1] * len(every) for minor in made}
    for name in every:
        for minor, (kept, _) in made.items():
            if name in kept:
                text = json.dumps(number(kept[name], numbers), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
                if text not in seen:
                    seen[text] = len(bodies)
                    bodies.append(text)
                tables[minor][numbers[name]] = seen[text]
    kinds = {}
    for _, told in made.values():
        for (group, kind), (home, plural, spaced) in told.items():
            kinds[(group, kind)] = [group, kind, numbers[home], plural, spaced]
    index = {"names": every, "versions": list(tables.items()), "kinds": [kinds[key] for key in sorted(kinds)]}
    head = json.dumps({"format": 1, "versions": VERSIONS, "pins": pins}, separators=(",", ":"))
    lines = "\n".join([json.dumps(index, separators=(",", ":")), *bodies])
    packed = zlib.compress(lines.encode(), 9)
    target = pathlib.Path(__file__).with_name("schemas.bin")
    target.write_bytes(head.encode() + b"\n" + packed)
    print(f"{target.name}: {len(every)} definitions, {len(bodies)} bodies, {len(kinds)} kinds, "
          f"{len(lines) // 1024} KiB as text, {len(packed) // 1024} KiB packed")


if __name__ == "__main__":
    main()
