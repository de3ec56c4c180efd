#!/usr/bin/env python3
"""The main job with the real Argo CD and a real Kubernetes API server: pushes become releases that run, or say why not.

usage: argocd_test.py AUTONOMOUS [--keep]     AUTONOMOUS: the program; --keep leaves the folder with all logs behind

One daemon, two projects. Each step prints what it checks; the first wrong thing ends the test with one line and status 1.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BED = HERE.parent / "support" / "bed" / "bed"
PATIENCE = 120  # seconds for one release to reach the cluster, on a loaded machine


class Failed(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failed(text)
    print(f"   ok: {text.splitlines()[0]}", flush=True)


def run(*argv, cwd=None, env=None, ok=True, timeout=300):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, timeout=timeout, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if ok and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return done


def manifests(name, image):
    """A Deployment whose rollout gives up after 20 s, and its Service."""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 2
  progressDeadlineSeconds: 20
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: {name}, image: "{image}"}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}
"""


class Scene:
    """A bed, a daemon on it, and git repositories."""

    def __init__(self, program, folder):
        self.program, self.folder, self.state = program, folder, folder / "state"
        self.daemon = None
        config = folder / "gitconfig"
        config.write_text("[user]\n name = Jane Doe\n email = jane@example.com\n[init]\n defaultBranch = main\n")
        keep = {k: os.environ[k] for k in ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if k in os.environ}
        self.env = keep | {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0",
                           "AUTONOMOUS_SERVER": f"unix:{self.state}/autonomous.sock"}

    def start(self, part="argocd"):
        run(BED, "up", self.folder / "bed", part, timeout=3600)
        self.bed = dict(line.split("=", 1) for line in (self.folder / "bed" / "env").read_text().splitlines())
        secret = self.folder / "argocd-password"
        secret.write_text(self.bed["ARGOCD_PASSWORD"] + "\n")
        secret.chmod(0o600)
        config = self.folder / "daemon.yaml"
        config.write_text(f"""version: 1
listen: 127.0.0.1:0
verify_timeout: 3m
instances:
  argocd: {{credential: {{file: {secret}}}, options: {{username: admin}}}}
  cluster: {{kubeconfig: {self.bed["KUBECONFIG"]}}}
""")
        log = open(self.folder / "daemon.log", "w")
        self.daemon = subprocess.Popen([self.program, "daemon", "--config", config, "--state", self.state], env=self.env, stdout=log,
                                       stderr=log, stdin=subprocess.DEVNULL)
        endpoint = self.state / "endpoint"
        self.wait("the daemon is ready", lambda: endpoint.exists() and endpoint.read_text().strip())
        self.url = endpoint.read_text().strip()

    def stop(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        run(BED, "down", self.folder / "bed", ok=False)

    def wait(self, what, condition, patience=PATIENCE):
        until = time.monotonic() + patience
        while not (value := condition()):
            if self.daemon and self.daemon.poll() is not None:
                raise Failed(f"the daemon ended with {self.daemon.returncode} while waiting: {what}")
            if time.monotonic() > until:
                raise Failed(f"not within {patience} s: {what}\n{self.cli('status', ok=False).stdout}")
            time.sleep(0.2)
        print(f"   ok: {what}", flush=True)
        return value

    def git(self, *argv, cwd=None, ok=True):
        return run("git", *argv, cwd=cwd, env=self.env, ok=ok)

    def cli(self, *argv, ok=True):
        return run(self.program, *argv, env=self.env, ok=ok, cwd=self.folder)

    def kubectl(self, *argv):
        cache = Path(os.environ.get("AUTONOMOUS_TEST_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autonomous-tests")
        return run(cache / "bin" / "kubectl", "--kubeconfig", self.bed["KUBECONFIG"], *argv).stdout

    def ledger(self, target):
        """The target's entries, oldest first, read from the record itself."""
        repository, out = self.state / "repos" / "gitops.git", []
        tip = "autonomous/ledger/deploy"
        files = self.git("--git-dir", repository, "ls-tree", "-r", "--name-only", tip, f"{target}/", ok=False)
        for name in sorted(files.stdout.split()) if files.returncode == 0 else []:
            text = self.git("--git-dir", repository, "show", f"{tip}:{name}").stdout
            out += [json.loads(line) for line in text.splitlines()]
        return out

    def outcome(self, target, number):
        for entry in self.ledger(target):
            if entry["type"] == "outcome" and entry.get("number") == number:
                return entry
        return None

    def wait_for_outcome(self, target, number, verdict):
        entry = self.wait(f"release {number} of {target} has an outcome", lambda: self.outcome(target, number))
        check(entry["verdict"] == verdict, f"the outcome is {verdict}" if entry["verdict"] == verdict else
              f"the outcome is {entry['verdict']}, not {verdict}: {entry.get('reason')}")
        return entry

    def project(self, name, apps):
        """A source repository whose apps are plain manifests."""
        folder = self.folder / name
        folder.mkdir()
        self.git("init", "-q", cwd=folder)
        lines = ["version: 1", f"project: {name}", "apps:"]
        for app, image in apps.items():
            lines.append(f"  {app}: {{manifests: k8s/{app}}}")
            self.write(folder, app, image)
        (folder / "autonomous.yaml").write_text("\n".join(lines) + "\n")
        self.git("remote", "add", "origin", f"{self.url}/git/{name}.git", cwd=folder)
        return folder

    @staticmethod
    def write(folder, app, image):
        (folder / "k8s" / app).mkdir(parents=True, exist_ok=True)
        (folder / "k8s" / app / "app.yaml").write_text(manifests(app, image))

    def push(self, folder, subject, ref="main"):
        """Gives what the pusher saw, and after how many seconds each line came."""
        self.git("add", "-A", cwd=folder)
        self.git("commit", "-qm", subject, cwd=folder)
        started, seen = time.monotonic(), []
        push = subprocess.Popen(["git", "push", "-q", "origin", ref], cwd=folder, env=self.env, text=True, errors="replace",
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        for line in push.stdout:
            seen.append((time.monotonic() - started, line.rstrip()))
            print(f"      {seen[-1][0]:5.1f}s {seen[-1][1]}", flush=True)
        if push.wait() != 0:
            raise Failed("git push failed")
        return seen


def take_argocd_into_use(scene):
    folder = scene.folder / "gitops"
    scene.git("clone", "-q", "-b", "main", f"{scene.url}/git/gitops.git", folder)
    (folder / "platform.yaml").write_text(f"""version: 1
instances:
  argocd: {{kind: argocd, url: "{scene.bed["ARGOCD_URL"]}"}}
  cluster: {{kind: kubernetes, url: "{scene.bed["KUBE_URL"]}"}}
environments:
  local: {{from: branch main, instances: [argocd, cluster]}}
  care: {{from: branch care, instances: [argocd, cluster], rollback: {{automatic: true}}}}
""")
    scene.git("commit", "-qam", "Let Argo CD reconcile", cwd=folder)
    scene.git("push", "-q", "origin", "main", cwd=folder)


def test_push_becomes_healthy(scene, shop):
    scene.push(shop, "Open the shop")
    entry = scene.wait_for_outcome("local/shop/web", 1, "healthy")
    check("argocd" in entry["looked_at"], f"the verdict rests on Argo CD: {entry['looked_at']}")
    ready = scene.kubectl("-n", "shop-local", "get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}")
    check(ready == "2", "two pods are ready in the namespace shop-local")
    sync = scene.kubectl("-n", "argocd", "get", "application", "local.shop.web", "-o", "jsonpath={.status.sync.status} {.spec.source.targetRevision}")
    check(sync == "Synced refs/heads/deploy", "the Application follows refs/heads/deploy and is Synced")


def test_an_image_that_never_gets_ready_fails(scene, shop):
    scene.write(shop, "web", "registry.example.com/never-ready:2")
    seen = scene.push(shop, "Break the image")
    told = [at for at, line in seen if "ImagePullBackOff" in line]
    check(told, "the pusher reads ImagePullBackOff in the terminal")
    check(told[0] < 30, f"... {told[0]:.1f} s after the push, long before the verdict")
    entry = scene.wait_for_outcome("local/shop/web", 2, "failed")
    check("Deployment" in entry["resource"], f"the ledger names the resource: {entry['resource']}")
    check("ImagePullBackOff" in entry["reason"], f"... and the reason: {entry['reason']}")
    check(scene.outcome("local/shop/api", 2) is None, "the other app was left alone")
    status = json.loads(scene.cli("status", "-o", "json").stdout)
    check("ImagePullBackOff" in json.dumps(status) or "never-ready" in json.dumps(status), "status says why")


def test_a_revert_heals_and_holds(scene):
    folder = scene.folder / "gitops"
    scene.git("fetch", "-q", "origin", cwd=folder)
    scene.git("checkout", "-q", "-B", "deploy", "origin/deploy", cwd=folder)
    bad = scene.git("log", "-1", "--format=%H", "--grep", "^Release: local/shop/web/2$", cwd=folder).stdout.strip()
    check(re.fullmatch("[0-9a-f]{40}", bad), f"deploy holds release 2 as {bad[:7]}")
    scene.git("revert", "--no-edit", bad, cwd=folder)
    scene.git("push", "origin", "deploy", cwd=folder)
    scene.wait_for_outcome("local/shop/web", 3, "healthy")
    kinds = [entry["type"] for entry in scene.ledger("local/shop/web")]
    check("hold" in kinds, "the ledger holds a hold")
    image = scene.kubectl("-n", "shop-local", "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    check(image == "registry.example.com/web:1", "the first image runs again")


def test_a_push_waits_behind_the_hold_until_resume(scene, shop):
    scene.write(shop, "web", "registry.example.com/web:3")
    seen = "\n".join(line for _, line in scene.push(shop, "Mend the image"))
    check("held" in seen, "the pusher reads that it is held")
    check("held" in scene.cli("status").stdout, "status says so, too")
    check(scene.outcome("local/shop/web", 4) is None, "nothing was released")
    scene.cli("resume", "local/shop/web", "--because", "mended", "--no-wait")
    scene.wait_for_outcome("local/shop/web", 4, "healthy")
    image = scene.kubectl("-n", "shop-local", "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    check(image == "registry.example.com/web:3", "the newest image runs")


def test_twenty_targets_in_one_push(scene):
    many = scene.project("many", {f"app-{i:02}": f"registry.example.com/app-{i:02}:1" for i in range(1, 21)})
    started = time.monotonic()
    scene.push(many, "Twenty at once")
    for i in range(1, 21):
        target = f"local/many/app-{i:02}"
        entry = scene.wait(f"{target} has an outcome", lambda: scene.outcome(target, 1), 300)
        if entry["verdict"] != "healthy":
            raise Failed(f"{target} is {entry['verdict']}: {entry.get('reason')}")
    check(True, f"all twenty are healthy, {time.monotonic() - started:.0f} s after the push")


def test_a_failed_release_goes_back_by_itself(scene):
    mend = scene.project("mend", {"web": "registry.example.com/mend:1"})
    scene.push(mend, "Open", "HEAD:care")
    scene.wait_for_outcome("care/mend/web", 1, "healthy")
    scene.write(mend, "web", "registry.example.com/never-ready:2")
    seen = "\n".join(line for _, line in scene.push(mend, "Break the image", "HEAD:care"))
    check("goes back to release 1 by itself" in seen, "the pusher reads that it goes back")
    scene.wait_for_outcome("care/mend/web", 2, "failed")
    scene.wait_for_outcome("care/mend/web", 3, "healthy")
    image = scene.kubectl("-n", "mend-care", "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    check(image == "registry.example.com/mend:1", "the first image runs again")
    kinds = [entry["type"] for entry in scene.ledger("care/mend/web")]
    check("hold" not in kinds, "nothing is held")
    check("mark-bad" in [entry["type"] for entry in scene.ledger("_platform")], "the artifact is marked bad")
    scene.write(mend, "web", "registry.example.com/mend:3")
    scene.push(mend, "Mend the image", "HEAD:care")
    scene.wait_for_outcome("care/mend/web", 4, "healthy")


def test_a_renamed_app_goes_on_and_an_app_leaves_without_a_restart(scene):
    mover = scene.project("mover", {"web": "registry.example.com/mover:1", "api": "registry.example.com/api:1"})
    scene.push(mover, "Open")
    for app in ("web", "api"):
        scene.wait_for_outcome(f"local/mover/{app}", 1, "healthy")
    pods = ("-n", "mover-local", "get", "pods", "-o", "jsonpath={.items[*].metadata.uid}")
    before = sorted(scene.kubectl(*pods).split())
    check(len(before) == 4, "four pods run")
    # Its objects are called web on.
    (mover / "autonomous.yaml").write_text("version: 1\nproject: mover\napps:\n  site: {manifests: k8s/web, renamed-from: web}\n  api: {manifests: k8s/api}\n")
    scene.push(mover, "Call it what it is")
    scene.wait_for_outcome("local/mover/site", 2, "healthy")
    applications = ("-n", "argocd", "get", "applications", "-o", "jsonpath={.items[*].metadata.name}")
    scene.wait("the old Application is gone", lambda: "local.mover.web" not in scene.kubectl(*applications).split())
    check("local.mover.site" in scene.kubectl(*applications).split(), "the new one is there")
    tracked = scene.kubectl("-n", "mover-local", "get", "deployment", "web", "-o", "jsonpath={.metadata.annotations.argocd\\.argoproj\\.io/tracking-id}")
    check(tracked.startswith("local.mover.site:"), f"the Deployment is its own now: {tracked}")
    check(sorted(scene.kubectl(*pods).split()) == before, "no pod was started anew")
    # And the other one leaves.
    (mover / "autonomous.yaml").write_text("version: 1\nproject: mover\napps:\n  site: {manifests: k8s/web, renamed-from: web}\n")
    scene.push(mover, "The API leaves")
    scene.wait("it is orphaned", lambda: "orphaned" in [entry["type"] for entry in scene.ledger("local/mover/api")])
    scene.cli("retire", "local/mover/api", "--keep-running", "--because", "it leaves")
    scene.wait("its Application is gone", lambda: "local.mover.api" not in scene.kubectl(*applications).split())
    check(sorted(scene.kubectl(*pods).split()) == before, "what it made runs on")
    out = scene.folder / "left"
    scene.cli("eject", "local/mover/api", "--to", out)
    applied = scene.kubectl("apply", "-k", out)
    check("deployment.apps/api" in applied, "what was ejected can be applied by hand")
    check(sorted(scene.kubectl(*pods).split()) == before, "... and still no pod was started anew")


def test_what_argo_cd_ran_before_is_imported_without_a_change(scene):
    legacy = scene.folder / "legacy"
    legacy.mkdir()
    scene.git("init", "-q", cwd=legacy)
    scene.write(legacy, "web", "registry.example.com/old:1")
    scene.git("add", "-A", cwd=legacy)
    scene.git("commit", "-qm", "What runs", cwd=legacy)
    application = scene.folder / "old-web.yaml"
    application.write_text(f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: old-web, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}}
spec:
  project: default
  destination: {{server: "https://kubernetes.default.svc", namespace: taken-local}}
  source: {{repoURL: "file://{legacy}", targetRevision: main, path: k8s/web}}
  syncPolicy: {{automated: {{}}, syncOptions: [CreateNamespace=true]}}
""")
    scene.kubectl("apply", "-f", application)
    state = ("-n", "argocd", "get", "application", "old-web", "-o", "jsonpath={.status.sync.status} {.status.health.status}")
    scene.wait("the old Application runs", lambda: scene.kubectl(*state) == "Synced Healthy")
    objects = ("-n", "taken-local", "get", "pods,deployments,services", "-o", "jsonpath={.items[*].metadata.uid}")
    specification = ("-n", "taken-local", "get", "deployment,service", "web", "-o", "jsonpath={.items[*].spec}")
    before, at_first = sorted(scene.kubectl(*objects).split()), scene.kubectl(*specification)
    clone = scene.folder / "legacy-clone"
    scene.git("clone", "-q", legacy, clone)
    (clone / "applications.yaml").write_text(scene.kubectl("-n", "argocd", "get", "applications", "old-web", "-o", "yaml"))
    out = scene.folder / "taken"
    said = scene.cli("import", clone, "-p", "taken", "-e", "local", "--url", f"file://{legacy}", "--to", out, ok=False)
    check(said.returncode == 0 and "local/taken/old-web" in said.stdout, f"it is taken\n{said.stdout}")
    # As it says: let go without the objects, take the mark off, push.
    scene.kubectl("-n", "argocd", "patch", "application", "old-web", "--type", "merge", "-p", '{"metadata": {"finalizers": null}}')
    scene.kubectl("-n", "argocd", "delete", "application", "old-web")
    scene.kubectl("-n", "taken-local", "annotate", "-f", out / "objects" / "local-old-web.yaml", "argocd.argoproj.io/tracking-id-")
    project = out / "taken"
    scene.git("init", "-q", cwd=project)
    scene.git("remote", "add", "origin", f"{scene.url}/git/taken.git", cwd=project)
    scene.push(project, "Import")
    scene.wait_for_outcome("local/taken/old-web", 1, "healthy")
    check(sorted(scene.kubectl(*objects).split()) == before, "the same objects, the same pods")
    check(scene.kubectl(*specification) == at_first, "nothing of their specifications was touched")
    tracked = scene.kubectl("-n", "taken-local", "get", "deployment", "web", "-o", "jsonpath={.metadata.annotations.argocd\\.argoproj\\.io/tracking-id}")
    check(tracked.startswith("local.taken.old-web:"), f"it is ours now: {tracked}")


def test_the_record_is_whole(scene):
    clone = scene.folder / "auditor"
    scene.git("clone", "-q", f"{scene.url}/git/gitops.git", clone)
    audit = scene.cli("audit", clone, ok=False)
    check(audit.returncode == 0, f"audit from a plain clone finds nothing wrong\n{audit.stdout}")
    fsck = scene.git("fsck", "--strict", cwd=clone)
    check("error" not in fsck.stdout, "git fsck --strict is content")


def play(usage, prefix, steps):
    """Runs steps(scene), which gives (test, arguments) one after another, on a stage of its own; gives the program's exit status."""
    if len(sys.argv) < 2:
        print(usage)
        return 2
    program, keep = Path(sys.argv[1]).resolve(), "--keep" in sys.argv
    folder, started = Path(tempfile.mkdtemp(prefix=prefix)), time.monotonic()
    scene = Scene(program, folder)
    try:
        for test, arguments in steps(scene):
            print(f"== {time.monotonic() - started:5.0f}s {test.__name__.removeprefix('test_').replace('_', ' ')}", flush=True)
            test(*arguments)
        return 0
    except (Failed, subprocess.TimeoutExpired) as error:
        log = folder / "daemon.log"
        if log.exists():
            print("the daemon's last lines:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]))
        print(f"FAILED: {error}", flush=True)
        return 1
    finally:
        scene.stop()
        print(f"{time.monotonic() - started:.0f} s")
        if keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def steps(scene):
    scene.start()
    take_argocd_into_use(scene)
    shop = scene.project("shop", {"web": "registry.example.com/web:1", "api": "registry.example.com/api:1"})
    yield from ((test_push_becomes_healthy, (scene, shop)), (test_an_image_that_never_gets_ready_fails, (scene, shop)),
                (test_a_revert_heals_and_holds, (scene,)), (test_a_push_waits_behind_the_hold_until_resume, (scene, shop)),
                (test_a_failed_release_goes_back_by_itself, (scene,)), (test_a_renamed_app_goes_on_and_an_app_leaves_without_a_restart, (scene,)),
                (test_what_argo_cd_ran_before_is_imported_without_a_change, (scene,)),
                (test_twenty_targets_in_one_push, (scene,)), (test_the_record_is_whole, (scene,)))


if __name__ == "__main__":
    sys.exit(play(__doc__, "autonomous-e2e-", steps))
