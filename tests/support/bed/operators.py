#!/usr/bin/env python3
"""Stand-ins for the controllers that the bed lacks: each sets the status, or makes the objects, that the real one would, and nothing else.

usage: operators.py KUBE_URL KUBE_TOKEN KUBECTL FOLDER

Until it is killed, every half a second:
- volumes: a claim without a volume gets one (a claim from a snapshot only where that snapshot is there); a claim that asks for more gets more
- snapshots: a VolumeSnapshot of a claim that is bound becomes ready
- CloudNativePG: a Cluster is healthy, and has its Secret <name>-app; its volumes and pods are not simulated
- External Secrets: the Secret that an ExternalSecret describes, with words instead of values
- Gateway API: a route is accepted by its parents
- metrics server: every pod uses a third of the CPU and memory that it asks for
- a kubelet for pods whose image has `kubectl` in its name: their command is run for real, here, with KUBECTL and the rights of the pod's own
  service account (kwok leaves these pods alone, stages.yaml)
"""
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

URL, TOKEN, KUBECTL, FOLDER = sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname, UNVERIFIED.verify_mode = False, ssl.CERT_NONE
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=UNVERIFIED))


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def call(method, path, body=None, kind="application/json"):
    request = urllib.request.Request(URL + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": kind})
    with OPENER.open(request, timeout=30) as answer:
        return json.loads(answer.read())


def every(path):
    return call("GET", path)["items"]


def merge(path, patch):
    return call("PATCH", path, patch, "application/merge-patch+json")


def put_status(path, status):
    merge(f"{path}/status", {"status": status})


def make(path, body):
    try:
        return call("POST", path, body)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
        return None


def place(item, group, plural):
    return f"/{group}/namespaces/{item['metadata']['namespace']}/{plural}/{item['metadata']['name']}"


def condition(kind, reason, generation=None):
    out = {"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now()}
    return out if generation is None else out | {"observedGeneration": generation}


def metadata(name, namespace, owner=None):
    out = {"name": name, "namespace": namespace}
    if owner is not None:
        out["ownerReferences"] = [{"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
                                   "uid": owner["metadata"]["uid"]}]
    return out


# ---- storage

def volumes():
    snapshots = {(s["metadata"]["namespace"], s["metadata"]["name"]) for s in every("/apis/snapshot.storage.k8s.io/v1/volumesnapshots")
                 if s.get("status", {}).get("readyToUse")}
    for claim in every("/api/v1/persistentvolumeclaims"):
        spec, name = claim["spec"], claim["metadata"]["uid"]
        asked = spec["resources"]["requests"]["storage"]
        source = spec.get("dataSource")
        if not spec.get("volumeName"):
            if source and (claim["metadata"]["namespace"], source["name"]) not in snapshots:
                continue
            make("/api/v1/persistentvolumes", {
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"pv-{name}"},
                "spec": {"capacity": {"storage": asked}, "accessModes": spec["accessModes"], "storageClassName": spec.get("storageClassName", ""),
                         "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": f"/volumes/{name}"},
                         "claimRef": {"namespace": claim["metadata"]["namespace"], "name": claim["metadata"]["name"], "uid": name}}})
        elif claim["status"].get("phase") == "Bound" and claim["status"]["capacity"]["storage"] != asked:
            merge(f"/api/v1/persistentvolumes/{spec['volumeName']}", {"spec": {"capacity": {"storage": asked}}})
            put_status(place(claim, "api/v1", "persistentvolumeclaims"), {"capacity": {"storage": asked}})


def snapshots():
    bound = {(c["metadata"]["namespace"], c["metadata"]["name"]): c["status"].get("capacity", {}).get("storage")
             for c in every("/api/v1/persistentvolumeclaims") if c["status"].get("phase") == "Bound"}
    for snapshot in every("/apis/snapshot.storage.k8s.io/v1/volumesnapshots"):
        size = bound.get((snapshot["metadata"]["namespace"], snapshot["spec"]["source"].get("persistentVolumeClaimName")))
        if size and not snapshot.get("status", {}).get("readyToUse"):
            put_status(place(snapshot, "apis/snapshot.storage.k8s.io/v1", "volumesnapshots"), {"readyToUse": True, "restoreSize": size, "creationTime": now()})


# ---- operators

def databases():
    for cluster in every("/apis/postgresql.cnpg.io/v1/clusters"):
        name, count = cluster["metadata"]["name"], cluster["spec"]["instances"]
        host = f"{name}-rw.{cluster['metadata']['namespace']}"
        words = {"username": "app", "password": "word", "host": host, "port": "5432", "dbname": "app", "uri": f"postgresql://app:word@{host}:5432/app",
                 "jdbc-uri": f"jdbc:postgresql://{host}:5432/app?user=app"}
        if cluster.get("status", {}).get("readyInstances") == count:
            continue
        make(f"/api/v1/namespaces/{cluster['metadata']['namespace']}/secrets",
             {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(f"{name}-app", cluster["metadata"]["namespace"], cluster), "stringData": words})
        put_status(place(cluster, "apis/postgresql.cnpg.io/v1", "clusters"),
                   {"phase": "Cluster in healthy state", "phaseReason": "", "instances": count, "readyInstances": count, "conditions": [condition("Ready", "ClusterIsReady")]})


def secrets():
    for wanted in every("/apis/external-secrets.io/v1/externalsecrets"):
        if wanted.get("status", {}).get("conditions"):
            continue
        namespace = wanted["metadata"]["namespace"]
        name = wanted["spec"].get("target", {}).get("name") or wanted["metadata"]["name"]
        words = {entry["secretKey"]: "word" for entry in wanted["spec"].get("data", [])}
        make(f"/api/v1/namespaces/{namespace}/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name, namespace, wanted), "stringData": words})
        put_status(place(wanted, "apis/external-secrets.io/v1", "externalsecrets"), {"conditions": [condition("Ready", "SecretSynced")]})


def routes():
    for route in every("/apis/gateway.networking.k8s.io/v1/httproutes"):
        generation = route["metadata"]["generation"]
        known = [c.get("observedGeneration") for parent in route.get("status", {}).get("parents", []) for c in parent["conditions"]]
        if known and all(seen == generation for seen in known):
            continue
        said = [condition("Accepted", "Accepted", generation), condition("ResolvedRefs", "ResolvedRefs", generation)]
        put_status(place(route, "apis/gateway.networking.k8s.io/v1", "httproutes"),
                   {"parents": [{"parentRef": parent, "controllerName": "example.com/stand-in", "conditions": said} for parent in route["spec"]["parentRefs"]]})


# ---- pods that run a script

STARTED = {}  # uid → (process, its output)


def rights_of(pod):
    """A kubeconfig with the rights of the pod's service account, as the mounted token gives them."""
    namespace, account = pod["metadata"]["namespace"], pod["spec"]["serviceAccountName"]
    token = call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
                 {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}})["status"]["token"]
    file = FOLDER / f"{pod['metadata']['uid']}.kubeconfig"
    file.touch(0o600)
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "pod", "contexts": [
        {"name": "pod", "context": {"cluster": "bed", "user": "pod", "namespace": namespace}}], "clusters": [
        {"name": "bed", "cluster": {"server": URL, "insecure-skip-tls-verify": True}}], "users": [{"name": "pod", "user": {"token": token}}]}))
    return file


def say(pod, phase, state):
    container = pod["spec"]["containers"][0]
    put_status(place(pod, "api/v1", "pods"), {"phase": phase, "startTime": now(), "containerStatuses": [
        {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "restartCount": 0, "state": state}]})


def scripts():
    for pod in every("/api/v1/pods"):
        uid, container = pod["metadata"]["uid"], pod["spec"]["containers"][0]
        if "kubectl" not in container["image"] or not pod["spec"].get("nodeName") or pod["status"]["phase"] not in ("Pending", "Running"):
            continue
        if uid not in STARTED:
            env = {e["name"]: e["value"] for e in container.get("env", [])}
            env |= {"PATH": f"{Path(KUBECTL).parent}:{os.environ['PATH']}", "KUBECONFIG": str(rights_of(pod)), "HOME": str(FOLDER)}
            out = open(FOLDER / f"{pod['metadata']['namespace']}.{pod['metadata']['name']}.log", "wb")
            STARTED[uid] = subprocess.Popen(container["command"] + container.get("args", []), env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            say(pod, "Running", {"running": {"startedAt": now()}})
        elif (code := STARTED[uid].poll()) is not None:
            ended = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": now(), "finishedAt": now()}
            say(pod, "Failed" if code else "Succeeded", {"terminated": ended})


# ---- metrics

def third(amount):
    """A third of a quantity, in thousandths for CPU and in bytes for memory."""
    units = {"m": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    for unit, factor in units.items():
        if amount.endswith(unit):
            return int(amount.removesuffix(unit)) * factor // 3
    return int(float(amount) * 1000) // 3


def usage_of(pod):
    containers = []
    for container in pod["spec"]["containers"]:
        asked = container.get("resources", {}).get("requests", {})
        containers.append({"name": container["name"], "usage": {"cpu": f"{third(asked.get('cpu', '30m'))}m", "memory": str(third(asked.get("memory", "30Mi")))}})
    return {"metadata": {k: pod["metadata"].get(k) for k in ("name", "namespace", "labels")}, "timestamp": now(), "window": "1s", "containers": containers}


class Metrics(http.server.BaseHTTPRequestHandler):
    GROUP = "/apis/metrics.k8s.io/v1beta1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path.rstrip("/") == self.GROUP:
            resources = [{"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}]
            return self.answer({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.k8s.io/v1beta1", "resources": resources})
        if not path.startswith(self.GROUP + "/namespaces/"):
            return self.send_error(404)
        namespace = path.split("/")[5]
        pods = every(f"/api/v1/namespaces/{namespace}/pods" + (f"?{query}" if query else ""))
        return self.answer({"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": [usage_of(pod) for pod in pods]})

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def serve_metrics():
    """The API server asks us under a name that leads here: an external name needs no network."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    key, certificate = FOLDER / "metrics.key", FOLDER / "metrics.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", certificate],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    make("/api/v1/namespaces/kube-system/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics", "namespace": "kube-system"},
                                                     "spec": {"type": "ExternalName", "externalName": "127.0.0.1"}})
    make("/apis/apiregistration.k8s.io/v1/apiservices", {
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": True,
                 "service": {"namespace": "kube-system", "name": "metrics", "port": server.server_address[1]}}})


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("standard", "fast"):
        annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if name == "standard" else {}
        make("/apis/storage.k8s.io/v1/storageclasses", {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name, "annotations": annotations},
                                                        "provisioner": "example.com/stand-in", "allowVolumeExpansion": True})
    serve_metrics()
    print("ready", flush=True)
    while True:
        for part in (volumes, snapshots, databases, secrets, routes, scripts):
            try:
                part()
            except (urllib.error.URLError, OSError, ssl.SSLError) as error:  # a conflict, or the API server is going
                said = error.read().decode(errors="replace")[:500] if isinstance(error, urllib.error.HTTPError) else ""
                print(f"{now()} {part.__name__}: {error} {said}", flush=True)
        time.sleep(0.5)


if __name__ == "__main__":
    main()
