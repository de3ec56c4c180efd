#!/usr/bin/env python3
"""Every sample through the real Argo CD and a real Kubernetes API server, under the sample platform: healthy, upgraded, a volume grown, one rolled back.

usage: samples_argocd_test.py AUTONOMOUS [--keep]     AUTONOMOUS: the program; --keep leaves the folder with all logs behind

The platform is samples/platform, but for what no machine has by itself: its neighbours' addresses, and what people must decide (approvals, tickets, freezes,
promotion), which decisions_test.py is about. Controllers that the cluster lacks are stood in for (tests/support/bed/operators.py says which).
"""
import json
import os
import pwd
import re
import shutil
import sys
import threading
import time
from pathlib import Path

from argocd_test import Failed, check, play, run

CACHE = Path(os.environ.get("AUTONOMOUS_TEST_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autonomous-tests")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
# sample → project, the branch that is pushed, the environment that takes it, apps
DEPLOYED = {
    "hello": ("hello", "main", "development", ["web"]),
    "helm-app": ("helm-app", "main", "development", ["web"]),
    "manifests": ("manifests", "main", "development", ["web"]),
    "monorepo": ("market", "main", "development", ["api", "web"]),
    "shop": ("shop", "main", "staging", ["api", "db", "report", "web", "worker"]),
    "stateful-postgres": ("notes", "production", "production", ["db", "search", "web"]),
}


def replace_once(text, old, new):
    if text.count(old) != 1:
        raise Failed(f"expected once in the file, not {text.count(old)} times: {old}")
    return text.replace(old, new)


def platform_of(scene):
    """The sample's platform.yaml, for this machine and without people."""
    text = (SAMPLES / "platform" / "platform.yaml").read_text()
    text = replace_once(text, "https://argocd.example.com", scene.bed["ARGOCD_URL"])
    text = replace_once(text, "https://kubernetes.example.com", scene.bed["KUBE_URL"])
    text = replace_once(text, "source: https://git.example.com/acme/shop.git, ", "environments: [staging], ")
    bound = [f"  {project}: {{environments: [{environment}]}}\n" for project, _, environment, _ in DEPLOYED.values() if project != "shop"]
    text = replace_once(text, "\nroles:\n", "".join(bound) + "\nroles:\n")
    text = replace_once(text, "from: staging ", "from: branch production ")
    text = replace_once(text, "members: [group:oncall]", f"members: [user:{pwd.getpwuid(os.getuid()).pw_name}]")
    for key in ("bake", "approvals", "rollback", "freeze", "ticket"):
        text, count = re.subn(rf"(?m)^    {key}: .*\n", "", text)
        if count != 1:
            raise Failed(f"the sample platform has {count} lines of {key}")
    return text


def take_the_platform(scene):
    folder = scene.folder / "gitops"
    scene.git("clone", "-q", "-b", "main", f"{scene.url}/git/gitops.git", folder)
    shutil.copytree(SAMPLES / "platform", folder, dirs_exist_ok=True)
    (folder / "platform.yaml").write_text(platform_of(scene))
    scene.git("add", ".", cwd=folder)
    scene.git("commit", "-qm", "Three environments", cwd=folder)
    scene.git("push", "-q", "origin", "main", cwd=folder)


def push_all(scene, subject):
    """All at once, as on a busy morning."""
    wrong = []

    def push(sample):
        project, branch, _, _ = DEPLOYED[sample]
        folder = scene.folder / sample
        for words in (("add", "-A"), ("commit", "-qm", subject)):
            scene.git(*words, cwd=folder)
        done = scene.git("push", f"{scene.url}/git/{project}.git", f"HEAD:refs/heads/{branch}", cwd=folder, ok=False)
        # Of what Argo CD says on the way ("ComparisonError: …", of a status that is half written) only the verdict counts.
        if done.returncode != 0 or re.search(r"(?m)^(remote: *)?(error\b|✗)", done.stdout):
            wrong.append(f"{sample}: {done.stdout}")

    pushes = [threading.Thread(target=push, args=(sample,)) for sample in DEPLOYED]
    for each in pushes:
        each.start()
    for each in pushes:
        each.join()
    if wrong:
        raise Failed("\n".join(wrong))


def targets(sample):
    project, _, environment, apps = DEPLOYED[sample]
    return [f"{environment}/{project}/{app}" for app in apps]


ALL = [target for sample in DEPLOYED for target in targets(sample)]


def wait_for_all(scene, numbers):
    started = time.monotonic()
    for target, number in numbers.items():
        scene.wait_for_outcome(target, number, "healthy")
    check(True, f"{len(numbers)} targets are healthy, {time.monotonic() - started:.0f} s after the pushes")


def application(scene, target):
    return json.loads(scene.kubectl("-n", "argocd", "get", "application", target.replace("/", "."), "-o", "json"))


def deploy_clone(scene):
    folder = scene.folder / "deploy"
    if folder.exists():
        scene.git("pull", "-q", cwd=folder)
    else:
        scene.git("clone", "-q", "-b", "deploy", f"{scene.url}/git/gitops.git", folder)
    return folder


def namespace_of(target):
    environment, project, _ = target.split("/")
    return f"{project}-{environment}"


# ---- the tests, in order

def test_every_sample_becomes_healthy(scene):
    for sample in DEPLOYED:
        shutil.copytree(SAMPLES / sample, scene.folder / sample)
        scene.git("init", "-q", cwd=scene.folder / sample)
    push_all(scene, "Begin")
    wait_for_all(scene, {target: 1 for target in ALL})
    for target in ALL:
        state = application(scene, target)["status"]
        if state["health"]["status"] != "Healthy" or state["sync"]["status"] != "Synced":
            raise Failed(f"{target} is {state['health']} {state['sync']}")
    check(True, "Argo CD says Synced and Healthy of each")


def test_nothing_that_a_pod_names_is_missing(scene):
    """The kubelet that would find out is simulated: what the containers refer to is looked up here."""
    there, asked = set(), 0
    for kind in ("secrets", "configmaps"):
        for item in json.loads(scene.kubectl("get", kind, "-A", "-o", "json"))["items"]:
            there.add((kind, item["metadata"]["namespace"], item["metadata"]["name"], None))
            there |= {(kind, item["metadata"]["namespace"], item["metadata"]["name"], key) for key in item.get("data") or {}}
    for pod in json.loads(scene.kubectl("get", "pods", "-A", "-o", "json"))["items"]:
        wanted = []
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", []):
                source = variable.get("valueFrom", {})
                wanted += [(kind, source[ref]["name"], source[ref]["key"]) for kind, ref in (("secrets", "secretKeyRef"), ("configmaps", "configMapKeyRef")) if ref in source]
            for source in container.get("envFrom", []):
                wanted += [(kind, source[ref]["name"], None) for kind, ref in (("secrets", "secretRef"), ("configmaps", "configMapRef")) if ref in source]
        for volume in pod["spec"].get("volumes", []):
            wanted += [("configmaps", volume["configMap"]["name"], None)] if "configMap" in volume else []
            wanted += [("secrets", volume["secret"]["secretName"], None)] if "secret" in volume else []
        for kind, name, key in wanted:
            asked += 1
            if (kind, pod["metadata"]["namespace"], name, key) not in there:
                raise Failed(f"the pod {pod['metadata']['namespace']}/{pod['metadata']['name']} refers to {kind} {name} {key or ''}, which is not there")
    check(asked >= 10, f"{asked} references of pods lead somewhere")


def test_what_was_applied_does_not_drift(scene):
    folder, objects = deploy_clone(scene), 0
    # Argo CD keeps what it applied in an annotation, with its own tracking in it: one line of JSON that is in no manifest; to a Deployment that is a generation.
    differ = scene.folder / "differ"
    differ.write_text("#!/bin/sh\nexec diff -u -N -I '^ *{\"apiVersion\":' -I '^  generation: ' \"$@\"\n")
    differ.chmod(0o755)
    os.environ["KUBECTL_EXTERNAL_DIFF"] = str(differ)
    for target in ALL:
        files = folder / "apps" / target / "manifests"
        # A Job that ran is a hook's, and gone with the next sync: it is no state to compare.
        kept = [file for file in sorted(files.glob("*.yaml")) if "argocd.argoproj.io/hook:" not in file.read_text()]
        words = [word for file in kept for word in ("-f", file)]
        for tries in range(10):  # what differs for good: a controller may write a status between the two looks of one diff
            try:
                scene.kubectl("-n", namespace_of(target), "diff", "--server-side", "--force-conflicts", *words)
                break
            except Failed:
                if tries == 9:
                    raise
        objects += len(kept)
    check(objects > 40, f"kubectl diff is empty for all {objects} objects that are in the cluster")


def pods_of(scene):
    pods = json.loads(scene.kubectl("-n", "notes-production", "get", "pods", "-l", "app.kubernetes.io/instance=search", "-o", "json"))["items"]
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}


def test_each_is_upgraded(scene):
    scene.pods_before = pods_of(scene)
    scene.set_before = scene.kubectl("-n", "notes-production", "get", "statefulset", "search", "-o", "jsonpath={.metadata.uid}")
    check(len(scene.pods_before) == 3, "the search has three pods")
    edits = {
        "hello": ("autonomous.yaml", "GREETING: hello", "GREETING: welcome"),
        "helm-app": ("autonomous.yaml", "values: {replicas: 2}", "values: {replicas: 3}"),
        "manifests": ("autonomous.yaml", ":1.27.5", ":1.27.6"),
        "monorepo": ("autonomous.yaml", "LOG_LEVEL: info", "LOG_LEVEL: debug"),
        "shop": ("autonomous.yaml", "shop/web:2.4.0@sha256:1111", "shop/web:2.5.0@sha256:aaaa"),
        "stateful-postgres": ("autonomous.yaml", "size: 50Gi", "size: 80Gi"),
    }
    for sample, (name, old, new) in edits.items():
        file = scene.folder / sample / name
        file.write_text(replace_once(file.read_text(), old, new))
    push_all(scene, "Upgrade")
    upgraded = ["development/hello/web", "development/helm-app/web", "development/manifests/web", "development/market/web", "staging/shop/web",
                "production/notes/search"]
    wait_for_all(scene, {target: 2 for target in upgraded})
    image = scene.kubectl("-n", "shop-staging", "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    check("2.5.0@sha256:aaaa" in image, "the shop's new image runs")
    replicas = scene.kubectl("-n", "helm-app-development", "get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}")
    check(replicas == "3", "the chart of their own runs three pods")


def test_a_volume_grew(scene):
    """The Job of the release expanded the claims and let go of the set; its pods ran on, and the new set took them over."""
    claims = json.loads(scene.kubectl("-n", "notes-production", "get", "pvc", "-l", "app.kubernetes.io/instance=search", "-o", "json"))["items"]
    sizes = {claim["metadata"]["name"]: claim["status"]["capacity"]["storage"] for claim in claims}
    check(sizes == {f"data-search-{i}": "80Gi" for i in range(3)}, f"the claims have grown: {sizes}")
    found = json.loads(scene.kubectl("-n", "notes-production", "get", "statefulset", "search", "-o", "json"))
    template = found["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"]
    check(template == "80Gi" and found["metadata"]["uid"] != scene.set_before, "the set is another one, and says so, too")
    check(pods_of(scene) == scene.pods_before, "its pods are the same ones as before")
    owners = {owner["uid"] for pod in json.loads(scene.kubectl("-n", "notes-production", "get", "pods", "-l", "app.kubernetes.io/instance=search", "-o", "json"))["items"]
              for owner in pod["metadata"]["ownerReferences"]}
    check(owners == {found["metadata"]["uid"]}, "they belong to the new set")


def edit_and_push(scene, sample, old, new):
    project, branch, _, _ = DEPLOYED[sample]
    folder = scene.folder / sample
    file = folder / "autonomous.yaml"
    file.write_text(replace_once(file.read_text(), old, new))
    scene.git("commit", "-qam", "Change", cwd=folder)
    scene.git("push", f"{scene.url}/git/{project}.git", f"HEAD:refs/heads/{branch}", cwd=folder)


def test_a_volume_is_restored_from_a_snapshot(scene):
    """By the script of samples/stateful-postgres/README.md."""
    kubectl = ("-n", "notes-production")
    scene.kubectl(*kubectl, "create", "job", "backup-now", "--from=cronjob/search-backup")
    scene.wait("the backup's Job succeeds", lambda: scene.kubectl(*kubectl, "get", "job", "backup-now", "-o", "jsonpath={.status.succeeded}") == "1")
    taken = json.loads(scene.kubectl(*kubectl, "get", "volumesnapshots", "-l", "app.kubernetes.io/instance=search", "-o", "json"))["items"]
    snapshots = {snapshot["spec"]["source"]["persistentVolumeClaimName"]: snapshot["metadata"]["name"] for snapshot in taken}
    check(sorted(snapshots) == ["data-search-0", "data-search-1", "data-search-2"], "there is a snapshot of each claim")
    edit_and_push(scene, "stateful-postgres", "    scale: 3", "    scale: 0")
    scene.wait_for_outcome("production/notes/search", 3, "healthy")
    scene.wait("its pods are gone", lambda: not pods_of(scene))
    before = scene.kubectl(*kubectl, "get", "pvc", "data-search-1", "-o", "jsonpath={.metadata.uid}")
    script = re.search(r"(?s)```sh\n# restore a claim\n(.*?)```", (SAMPLES / "stateful-postgres" / "README.md").read_text())
    file = scene.folder / "restore.sh"
    file.write_text("set -eu\n" + script[1])
    env = scene.env | {"KUBECONFIG": scene.bed["KUBECONFIG"], "NAMESPACE": "notes-production", "CLAIM": "data-search-1", "SNAPSHOT": snapshots["data-search-1"],
                       "PATH": f"{CACHE / 'bin'}:{scene.env['PATH']}"}
    run("sh", file, cwd=scene.folder, env=env)
    edit_and_push(scene, "stateful-postgres", "    scale: 0", "    scale: 3")
    scene.wait_for_outcome("production/notes/search", 4, "healthy")
    claim = json.loads(scene.kubectl(*kubectl, "get", "pvc", "data-search-1", "-o", "json"))
    check(claim["metadata"]["uid"] != before and claim["spec"]["dataSource"]["name"] == snapshots["data-search-1"] and claim["status"]["phase"] == "Bound",
          "the claim is a new one, made from the snapshot")
    check(len(pods_of(scene)) == 3, "three pods run on the claims")


def test_a_database_is_restored_beside_the_old_one(scene):
    """As the README says; what the operator would do with it is not simulated."""
    lines = re.search(r"(?s)```yaml\n(  db2:\n.*?)```", (SAMPLES / "stateful-postgres" / "README.md").read_text())[1]
    edit_and_push(scene, "stateful-postgres", "  search:\n    type:", lines + "\n  search:\n    type:")
    scene.wait_for_outcome("production/notes/db2", 1, "healthy")
    backup = scene.kubectl("-n", "notes-production", "get", "clusters.postgresql.cnpg.io", "db2", "-o", "jsonpath={.spec.bootstrap.recovery.backup.name}")
    check(backup.startswith("db-"), "the new database begins with the backup")


def test_a_grown_volume_is_rolled_back(scene):
    """Volumes don't shrink: the claims stay as they are, and the set says the old size again."""
    before = pods_of(scene)
    scene.cli("rollback", "production/notes/search", "--to", "1", "--because", "too big", "--no-wait")
    scene.wait_for_outcome("production/notes/search", 5, "healthy")
    asked = scene.kubectl("-n", "notes-production", "get", "pvc", "data-search-0", "-o", "jsonpath={.spec.resources.requests.storage}")
    check(asked == "80Gi", "the claims stay as big as they are")
    check(pods_of(scene) == before, "its pods are the same ones as before")


def resource_of(scene, kind, namespace, name):
    return json.loads(scene.kubectl("-n", namespace, "get", kind, name, "-o", "json"))


def test_namespaces_are_as_the_platform_says(scene):
    labels = json.loads(scene.kubectl("get", "namespace", "notes-production", "-o", "json"))["metadata"]["labels"]
    check(labels.get("pod-security.kubernetes.io/enforce") == "restricted", "the namespace enforces `restricted`")
    quota = scene.wait("its quota is counted", lambda: resource_of(scene, "resourcequota", "notes-production", "autonomous").get("status", {}).get("used"))
    check(int(quota["pods"]) >= 4, f"what runs counts against it: {quota}")
    default = resource_of(scene, "limitrange", "notes-production", "autonomous")["spec"]["limits"][0]
    check(default["defaultRequest"] == {"cpu": "50m", "memory": "64Mi"} and default["max"]["cpu"] == "8", "who asks for nothing gets a little, nobody more than the most")
    project = resource_of(scene, "appproject", "argocd", "production.notes")["spec"]
    refused = [item["kind"] for item in project["namespaceResourceBlacklist"]]
    check({"ResourceQuota", "LimitRange", "ClusterRole"} <= set(refused), "Argo CD lets the apps write no quota, and nothing that the platform denies")
    check([item["namespace"] for item in project["destinations"]] == ["notes-production"], "they stay in their namespace")
    roots = resource_of(scene, "appproject", "argocd", "autonomous-roots")["spec"]
    check([item["kind"] for item in roots["namespaceResourceWhitelist"]] == ["Application"] and not roots.get("clusterResourceWhitelist"), "roots make Applications only")


def test_a_quota_is_changed_on_main(scene):
    folder = scene.folder / "gitops"
    file = folder / "platform.yaml"
    file.write_text(replace_once(file.read_text(), 'quota: {cpu: "40"', 'quota: {cpu: "39"'))
    scene.git("commit", "-qam", "A little less", cwd=folder)
    scene.git("push", "-q", "origin", "main", cwd=folder)
    scene.wait("the cluster has the new quota",
               lambda: resource_of(scene, "resourcequota", "notes-production", "autonomous")["spec"]["hard"]["requests.cpu"] == "39")
    said = scene.git("log", "-1", "--format=%an: %s%n%b", "deploy", "--", "argocd/production/notes", cwd=scene.state / "repos" / "gitops.git").stdout
    check("Jane Doe: production/notes/" in said and "A little less" in said, f"a commit of its own says why: {said.strip()}")


def test_what_exceeds_the_quota_is_refused_before_the_commit(scene):
    folder = scene.folder / "stateful-postgres"
    file = folder / "autonomous.yaml"
    before = file.read_text()
    file.write_text(replace_once(before, "    scale: 3\n", "    scale: 6\n    resources: {cpu: 7, memory: 1Gi}\n"))
    scene.git("commit", "-qam", "Search faster", cwd=folder)
    said = scene.git("push", f"{scene.url}/git/notes.git", "HEAD:refs/heads/production", cwd=folder).stdout
    rule = next(number for number, line in enumerate((scene.folder / "gitops" / "platform.yaml").read_text().splitlines(), 1) if "quota: {cpu" in line)
    for words in ("StatefulSet/search", "policies.quota.cpu", f"platform.yaml:{rule}", "the namespace may have 39"):
        check(words in said, f"the pusher reads {words}" if words in said else f"the pusher does not read {words}:\n{said}")
    file.write_text(before)
    scene.git("commit", "-qam", "Not so fast", cwd=folder)
    scene.git("push", f"{scene.url}/git/notes.git", "HEAD:refs/heads/production", cwd=folder)
    check(scene.outcome("production/notes/search", 3) is None, "nothing was released")


def test_one_is_rolled_back(scene):
    scene.cli("rollback", "staging/shop/web", "--to", "1", "--because", "the new page is empty", "--no-wait")
    scene.wait_for_outcome("staging/shop/web", 3, "healthy")
    image = scene.kubectl("-n", "shop-staging", "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    check("2.4.0@sha256:1111" in image, "the shop's first image runs again")


def test_the_record_is_whole(scene):
    clone = scene.folder / "auditor"
    scene.git("clone", "-q", f"{scene.url}/git/gitops.git", clone)
    audit = scene.cli("audit", clone, ok=False)
    check(audit.returncode == 0, f"audit from a plain clone finds nothing wrong\n{audit.stdout}")


TESTS = (test_every_sample_becomes_healthy, test_namespaces_are_as_the_platform_says, test_nothing_that_a_pod_names_is_missing,
         test_what_was_applied_does_not_drift, test_each_is_upgraded, test_a_volume_grew, test_a_quota_is_changed_on_main,
         test_what_exceeds_the_quota_is_refused_before_the_commit, test_one_is_rolled_back, test_a_volume_is_restored_from_a_snapshot,
         test_a_database_is_restored_beside_the_old_one, test_a_grown_volume_is_rolled_back, test_what_was_applied_does_not_drift, test_the_record_is_whole)


def steps(scene):
    scene.start("platform")
    take_the_platform(scene)
    yield from ((test, (scene,)) for test in TESTS)


if __name__ == "__main__":
    sys.exit(play(__doc__, "autonomous-samples-", steps))
