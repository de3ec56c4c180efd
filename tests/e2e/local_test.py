#!/usr/bin/env python3
"""The main job and every kind of bad input, on one daemon with embedded defaults and the real git.

usage: AUTONOMOUS=path/to/autonomous local_test.py [unittest's arguments]
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

PROGRAM = os.environ.get("AUTONOMOUS", "autonomous")
PATIENCE = 120  # seconds, on a loaded machine with sanitizers

SPEC = """version: 1
project: {project}
apps:
  web: {{image: registry.example.com/web:1, port: 8080, paths: [web], env: {{LEVEL: "{level}"}}}}
  api: {{image: registry.example.com/api:1, port: 8080, paths: [api]}}
"""


class Daemon:
    def __init__(self, folder):
        self.folder, self.state = Path(folder), Path(folder) / "state"
        config = self.folder / "gitconfig"
        config.write_text("[user]\n name = Jane Doe\n email = jane@example.com\n[init]\n defaultBranch = main\n[advice]\n detachedHead = false\n")
        keep = {k: os.environ[k] for k in ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ}
        self.env = keep | {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0",
                           "AUTONOMOUS_SERVER": f"unix:{self.state}/autonomous.sock"}
        self.process = None

    def start(self, *more):
        (self.state / "endpoint").unlink(missing_ok=True)
        self.log = open(self.folder / "daemon.log", "a")
        self.process = subprocess.Popen([PROGRAM, "daemon", "--state", str(self.state), "--listen", "127.0.0.1:0", *more], env=self.env,
                                        stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.until("the daemon is ready", lambda: (self.state / "endpoint").exists())
        self.url = (self.state / "endpoint").read_text().strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.log.close()
        return status

    def alive(self):
        return self.process.poll() is None

    def until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if not self.alive():
                raise AssertionError(f"the daemon ended with {self.process.returncode}; its log:\n" + (self.folder / "daemon.log").read_text()[-3000:])
            if time.monotonic() > end:
                raise AssertionError(f"not within {PATIENCE} s: {what}")
            time.sleep(0.05)

    def run(self, *argv, cwd=None, check=True):
        done = subprocess.run([str(a) for a in argv], cwd=cwd or self.folder, env=self.env, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}")
        return done

    def cli(self, *argv, check=True):
        return self.run(PROGRAM, *argv, check=check)

    def git(self, *argv, cwd=None, check=True):
        return self.run("git", *argv, cwd=cwd, check=check).stdout

    def gitops(self, *argv, check=True):
        return self.git("--git-dir", self.state / "repos" / "gitops.git", *argv, check=check)

    def rows(self):
        return {row["target"]: row for row in json.loads(self.cli("status", "-o", "json").stdout)["targets"]}

    def ledger(self, target):
        names = self.gitops("ls-tree", "-r", "--name-only", "autonomous/ledger/deploy", f"{target}/").split()
        return [json.loads(line) for name in sorted(names) for line in self.gitops("show", f"autonomous/ledger/deploy:{name}").splitlines()]


class Project:
    """A source repository with a clone-side worktree."""

    def __init__(self, daemon, name):
        self.daemon, self.name, self.folder = daemon, name, daemon.folder / "src" / name
        self.folder.mkdir(parents=True)
        daemon.git("init", "-q", cwd=self.folder)

    def write(self, files):
        for path, content in files.items():
            full = self.folder / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.unlink(missing_ok=True)
            if isinstance(content, bytes):
                full.write_bytes(content)
            elif content is None:
                pass
            else:
                full.write_text(content)
        return self

    def push(self, subject="Change", *options, branch="main"):
        self.daemon.git("add", "-A", cwd=self.folder)
        self.daemon.git("commit", "-q", "--allow-empty", "-m", subject, cwd=self.folder)
        return self.daemon.run("git", "push", *options, f"{self.daemon.url}/git/{self.name}.git", f"HEAD:{branch}", cwd=self.folder, check=False).stdout

    def head(self):
        return self.daemon.git("rev-parse", "HEAD", cwd=self.folder).strip()


class Local(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="autonomous-local-")
        cls.daemon = Daemon(cls.folder)
        cls.daemon.start()
        # A project that must stay unharmed whatever the others do.
        cls.calm = Project(cls.daemon, "calm").write({"autonomous.yaml": SPEC.format(project="calm", level="info")})
        cls.calm.push("Be calm")

    @classmethod
    def tearDownClass(cls):
        if cls.daemon.alive():
            cls.daemon.stop()
        shutil.rmtree(cls.folder)

    def tearDown(self):
        self.assertTrue(self.daemon.alive(), (self.daemon.folder / "daemon.log").read_text()[-2000:])
        # Where main moved, it may be looked at once more before it is found to be as it was.
        self.daemon.until("another project is unharmed", lambda: self.daemon.rows()["local/calm/web"]["state"] == "unverified")

    def project(self):
        return Project(self.daemon, re.sub("[^a-z]", "", self._testMethodName.removeprefix("test_"))[:20])

    # ---- the main job

    def test_a_push_becomes_a_release(self):
        d, shop = self.daemon, self.project()
        out = shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="info"), "web/a": "1", "api/a": "1"}).push("Open the shop")
        target = f"local/{shop.name}/web"
        self.assertIn("release 1", out)
        self.assertIn("remote: ", out)
        message = d.gitops("log", "-1", "--format=%B", "deploy", "--", f"apps/{target}")
        trailers = d.run("git", "interpret-trailers", "--parse", "--no-divider", "/dev/stdin", check=False)
        self.assertEqual(trailers.returncode, 0)
        keys = [line.split(":")[0] for line in subprocess.run(["git", "interpret-trailers", "--parse"], input=message, text=True, capture_output=True, check=True).stdout.splitlines()]
        for key in ("Release", "Trigger", "Source", "Image", "Input-Digest", "Target-Tree", "Policy", "Requested-By"):
            self.assertIn(key, keys)
        self.assertIn(f"Source: {d.url}/git/{shop.name}.git {shop.head()} refs/heads/main", message)
        self.assertEqual([entry["type"] for entry in d.ledger(target)], ["release", "outcome"])
        # Only the app that a push is about is released.
        out = shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="debug"), "web/a": "2"}).push("Talk more")
        self.assertIn("release 2", out)
        self.assertEqual(d.rows()[f"local/{shop.name}/api"]["release"], 1)
        self.assertEqual(d.rows()[target]["release"], 2)
        self.assertEqual(d.gitops("fsck", "--strict", "--no-progress", "--no-dangling").strip(), "")

    def test_commits_and_tags_are_signed(self):
        d = self.daemon
        signers = d.folder / "signers"
        public = (d.state / "keys" / "signing.pub").read_text().split()
        signers.write_text(f"autonomous@localhost namespaces=\"git\" {public[0]} {public[1]}\n")
        ssh = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}"]
        d.git(*ssh, "--git-dir", d.state / "repos" / "gitops.git", "verify-commit", "deploy")
        d.git(*ssh, "--git-dir", d.state / "repos" / "gitops.git", "verify-tag", "release/local/calm/web/1")

    def test_revert_hold_resume(self):
        d, shop = self.daemon, self.project()
        target = f"local/{shop.name}/web"
        shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="one")}).push("One")
        shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="two")}).push("Two")
        clone = d.folder / "revert"
        d.git("clone", "-q", "-b", "deploy", f"{d.url}/git/gitops.git", clone)
        bad = d.git("log", "-1", "--format=%H", "--", f"apps/{target}", cwd=clone).strip()
        d.git("revert", "--no-edit", bad, cwd=clone)
        out = d.run("git", "push", "origin", "deploy", cwd=clone).stdout
        self.assertIn("rolled back to release 1", out)
        self.assertEqual(d.rows()[target]["release"], 3)
        d.until("it is held", lambda: d.rows()[target]["state"] == "held")
        self.assertIn("Rollback-Of: " + target + "/1", d.gitops("log", "-1", "--format=%B", "deploy"))
        out = shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="three")}).push("Three")
        self.assertIn("held behind 3", out)
        d.until("it is held still", lambda: d.rows()[target]["state"] == "held")
        out = d.cli("resume", target).stdout
        self.assertIn("release 4", out)
        self.assertIn("three", d.gitops("show", f"deploy:apps/{target}/values.yaml"))
        d.cli("rollback", target, "--to", "1", "--because", "it was better", "--yes")
        self.assertIn("one", d.gitops("show", f"deploy:apps/{target}/values.yaml"))
        clone = d.folder / "auditor"
        d.git("clone", "-q", f"{d.url}/git/gitops.git", clone)
        self.assertIn("The history is whole", d.cli("audit", "--repo", clone).stdout)
        for number in (1, 2, 3, 4, 5):
            self.assertIn("every byte is the same", d.cli("verify", f"{target}/{number}", "--repo", clone).stdout)

    def test_a_chart_of_the_project(self):
        d, shop = self.daemon, self.project()
        chart = {"deploy/chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
                 "deploy/chart/values.yaml": "replicas: 1\nimage: {repository: registry.example.com/web, tag: '1'}\n",
                 "deploy/chart/templates/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  replicas: {{ .Values.replicas }}\n"
                                                          "  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: web, image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"}]}\n"}
        spec = f"version: 1\nproject: {shop.name}\napps:\n  web: {{chart: deploy/chart, values: {{replicas: 3}}}}\n"
        out = shop.write(chart | {"autonomous.yaml": spec}).push("A chart")
        self.assertIn("release 1", out)
        self.assertIn("replicas: 3", d.gitops("show", f"deploy:apps/local/{shop.name}/web/manifests/deployment.apps-web.yaml"))

    def test_plain_manifests_are_detected(self):
        d, shop = self.daemon, self.project()
        out = shop.write({"k8s/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"}).push("Plain")
        self.assertIn("release 1", out)
        self.assertIn("manifests/configmap-settings.yaml", d.gitops("ls-tree", "-r", "--name-only", "deploy", f"apps/local/{shop.name}/"))

    def test_another_git_url_is_polled(self):
        d = self.daemon
        away = d.folder / "away"
        away.mkdir()
        d.git("init", "-q", cwd=away)
        out = d.cli("connect", "away", f"file://{away}", "--yes", check=False)
        self.assertEqual(out.returncode, 4, out.stdout)  # local files are a source only where the configuration allows it
        self.assertIn("file", out.stdout)

    # ---- the daemon

    def test_a_second_daemon_on_the_same_state_is_refused(self):
        d = self.daemon
        other = d.run(PROGRAM, "daemon", "--state", d.state, "--listen", "127.0.0.1:0", check=False)
        self.assertEqual(other.returncode, 1)
        self.assertIn(f"pid {d.process.pid}", other.stdout)

    def test_the_cache_may_be_deleted_and_a_restart_forgets_nothing(self):
        d, shop = self.daemon, self.project()
        shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="info")}).push("Before")
        before = d.cli("releases", "-o", "json").stdout
        tip = d.gitops("rev-parse", "deploy")
        self.assertEqual(d.stop(), 0)
        shutil.rmtree(d.state / "cache")
        d.start()
        d.until("the projects were looked at", lambda: len(d.rows()) >= 2)
        self.assertEqual(d.cli("releases", "-o", "json").stdout, before)
        # The push that comes next proves that the heads were planned again and found known.
        self.assertIn("release 2", shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="warn")}).push("After"))
        self.assertEqual(d.gitops("rev-list", "--count", f"{tip.strip()}..deploy").strip(), "1")

    def test_health_and_metrics(self):
        for path in ("/healthz", "/readyz", "/metrics", "/", "/api/v1/status"):
            with urllib.request.urlopen(self.daemon.url + path, timeout=30) as answer:
                self.assertEqual(answer.status, 200, path)
                text = answer.read().decode()
            if path == "/metrics":
                self.assertIn("autonomous_targets{", text)
                checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
                self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_status_where_there_is_no_daemon(self):
        env = self.daemon.env | {"AUTONOMOUS_SERVER": f"unix:{self.folder}/none.sock"}
        done = subprocess.run([PROGRAM, "status"], env=env, text=True, capture_output=True)
        self.assertEqual(done.returncode, 5)

    # ---- bad input: a clear error, nobody else harmed

    def test_malformed_spec(self):
        shop = self.project()
        out = shop.write({"autonomous.yaml": f"version: 1\nproject: {shop.name}\napps:\n  web:\n    imag: nginx\n    prot: 80\n"}).push()
        self.assertIn("autonomous.yaml:5:5", out)
        self.assertIn("did you mean 'image'", out.replace('"', "'"))
        self.assertIn("autonomous.yaml:6:5", out)
        self.assertIn("^", out)
        out = shop.write({"autonomous.yaml": "apps: [\n"}).push()
        self.assertIn("autonomous.yaml:", out)

    def chart(self, shop, template, **more):
        files = {"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "chart/templates/a.yaml": template,
                 "autonomous.yaml": f"version: 1\nproject: {shop.name}\napps: {{web: {{chart: chart}}}}\n"}
        return shop.write(files | more)

    def test_chart_that_does_not_parse(self):
        out = self.chart(self.project(), "a: {{ .Values.x }\n").push()
        self.assertIn("parse error at (web/templates/a.yaml:1)", out)

    def test_template_that_loops(self):
        out = self.chart(self.project(), '{{- define "x" }}{{ include "x" . }}{{ end }}a: {{ include "x" . }}\n').push()
        self.assertIn("nested", out)
        loop = "{{- range $i := until 100000 }}{{ range $j := until 100000 }}{{ $j }}{{ end }}{{ end }}\n"
        out = self.chart(self.project_named("looping"), loop).push()
        self.assertIn("templates/a.yaml", out)
        self.assertRegex(out, "steps|fuel|limit|output")

    def project_named(self, name):
        return Project(self.daemon, name)

    def test_manifest_without_kind(self):
        out = self.project().write({"autonomous.yaml": "version: 1\napps: {web: {manifests: k8s}}\n", "k8s/a.yaml": "apiVersion: v1\nmetadata: {name: x}\n"}).push()
        self.assertIn("k8s/a.yaml", out)
        self.assertIn("kind", out)

    def test_two_resources_with_one_name(self):
        one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: same}\n"
        out = self.project().write({"autonomous.yaml": "version: 1\napps: {web: {manifests: k8s}}\n", "k8s/a.yaml": one, "k8s/b.yaml": one}).push()
        self.assertIn("same", out)
        self.assertIn("k8s/b.yaml", out)

    def test_plaintext_secret(self):
        out = self.project().write({"autonomous.yaml": "version: 1\napps: {web: {manifests: k8s}}\n",
                                    "k8s/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: hunter2}\n"}).push()
        self.assertIn("Secret", out)
        self.assertIn("ExternalSecret", out)
        self.assertNotIn("hunter2", self.daemon.gitops("log", "-p", "deploy"))

    def test_link_out_of_the_chart(self):
        shop = self.chart(self.project(), "a: b\n")
        os.symlink("../../../../etc/passwd", shop.folder / "chart" / "templates" / "b.yaml")
        out = shop.push()
        self.assertIn("leaves", out)
        self.assertIn("b.yaml", out)

    def test_submodule_in_the_chart(self):
        d, shop = self.daemon, self.chart(self.project(), "a: b\n")
        d.git("add", "-A", cwd=shop.folder)
        d.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},chart/charts/dep", cwd=shop.folder)
        d.git("commit", "-qm", "A submodule", cwd=shop.folder)
        out = d.run("git", "push", f"{d.url}/git/{shop.name}.git", "HEAD:main", cwd=shop.folder, check=False).stdout
        self.assertIn("submodule", out)

    def test_file_of_200_mb(self):
        shop = self.chart(self.project(), "a: b\n")
        with open(shop.folder / "chart" / "big.bin", "wb") as big:
            big.truncate(200 << 20)
        out = shop.push()
        self.assertIn("big.bin", out)
        self.assertIn("limit", out)

    def test_branch_deleted_and_forced(self):
        d, shop = self.daemon, self.project()
        shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="info")}).push("One")
        shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="two")}).push("Two")
        out = d.run("git", "push", f"{d.url}/git/{shop.name}.git", ":main", cwd=shop.folder, check=False).stdout
        self.assertIn("remote rejected", out)
        self.assertIn("record", out)
        d.git("reset", "-q", "--hard", "HEAD^", cwd=shop.folder)
        out = shop.push("Rewritten", "--force")
        self.assertIn("remote rejected", out)
        self.assertEqual(d.rows()[f"local/{shop.name}/web"]["release"], 2)

    def test_vanished_app_is_orphaned_then_retired(self):
        d, shop = self.daemon, self.project()
        target = f"local/{shop.name}/api"
        shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="info")}).push("Two apps")
        refused = d.cli("retire", target, "--yes", check=False)
        self.assertNotEqual(refused.returncode, 0)
        out = shop.write({"autonomous.yaml": f"version: 1\nproject: {shop.name}\napps: {{web: {{image: registry.example.com/web:1, port: 8080}}}}\n"}).push("One app")
        self.assertIn("orphaned", out)
        d.until("it is orphaned", lambda: d.rows()[target]["state"] == "orphaned")
        self.assertIn("manifests/", d.gitops("ls-tree", "-r", "--name-only", "deploy", f"apps/{target}/"))
        d.cli("retire", target, "--because", "no longer needed", "--yes")
        self.assertNotIn("manifests/", d.gitops("ls-tree", "-r", "--name-only", "deploy", f"apps/{target}/"))
        d.until("it is retired", lambda: d.rows()[target]["state"] == "retired")

    def test_wrong_platform_keeps_the_old_one(self):
        d = self.daemon
        clone = d.folder / "main"
        d.git("clone", "-q", "-b", "main", f"{d.url}/git/gitops.git", clone)
        good = (clone / "platform.yaml").read_text()
        (clone / "platform.yaml").write_text(good + "enviroments: {}\n")
        d.git("commit", "-qam", "Mistype", cwd=clone)
        d.git("push", "-q", "origin", "main", cwd=clone)
        d.until("doctor names the mistake", lambda: "enviroments" in d.cli("doctor", check=False).stdout)
        shop = self.project()
        self.assertIn("release 1", shop.write({"autonomous.yaml": SPEC.format(project=shop.name, level="info")}).push("Still"))
        d.git("revert", "--no-edit", "HEAD", cwd=clone)
        d.git("push", "-q", "origin", "main", cwd=clone)
        d.until("all is well again", lambda: "enviroments" not in d.cli("doctor", check=False).stdout)

    def test_the_ledger_cannot_be_pushed_to(self):
        d = self.daemon
        clone = d.folder / "ledger"
        d.git("clone", "-q", "-b", "autonomous/ledger/deploy", f"{d.url}/git/gitops.git", clone)
        d.git("commit", "-q", "--allow-empty", "-m", "Cheat", cwd=clone)
        out = d.run("git", "push", "origin", "HEAD:autonomous/ledger/deploy", cwd=clone, check=False)
        self.assertNotEqual(out.returncode, 0)
        self.assertIn("ledger", out.stdout)


class OtherRecords(unittest.TestCase):
    """What is wrong with the record itself."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="autonomous-record-")
        self.daemon = Daemon(self.folder)

    def tearDown(self):
        if self.daemon.process and self.daemon.alive():
            self.daemon.stop()
        shutil.rmtree(self.folder)

    def test_a_corrupt_record_is_reported_and_not_written_to(self):
        d = self.daemon
        d.start()
        Project(d, "shop").write({"autonomous.yaml": SPEC.format(project="shop", level="info")}).push("One")
        self.assertEqual(d.stop(), 0)
        repository = d.state / "repos" / "gitops.git"
        for pack in list((repository / "objects").rglob("*.pack")) + [p for p in (repository / "objects").glob("??/*")]:
            pack.chmod(0o600)
            pack.write_bytes(b"garbage")
        before = sorted((str(p), p.stat().st_mtime_ns) for p in repository.rglob("*") if p.is_file())
        done = d.run(PROGRAM, "daemon", "--state", d.state, "--listen", "127.0.0.1:0", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("gitops.git", done.stdout)
        self.assertEqual(sorted((str(p), p.stat().st_mtime_ns) for p in repository.rglob("*") if p.is_file()), before)

    def test_a_remote_that_is_away_refuses_and_comes_back(self):
        d = self.daemon
        remote = d.folder / "remote.git"
        d.git("init", "-q", "--bare", remote)
        config = d.folder / "daemon.yaml"
        config.write_text(f"version: 1\ngitops: {{url: 'file://{remote}', poll: 1s}}\nsources: {{allow_file_urls: true}}\n")
        d.start("--config", str(config))
        shop = Project(d, "shop")
        self.assertIn("release 1", shop.write({"autonomous.yaml": SPEC.format(project="shop", level="one")}).push("One"))
        d.until("the tag follows", lambda: "release/local/shop/web/1" in d.git("--git-dir", remote, "tag"))
        hook = remote / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'the quota is used up' >&2\nexit 1\n")
        hook.chmod(0o755)
        out = shop.write({"autonomous.yaml": SPEC.format(project="shop", level="two")}).push("Two")
        self.assertIn("the quota is used up", out)
        hook.unlink()
        d.cli("retry", "local/shop/web", "--yes")
        self.assertIn("two", d.git("--git-dir", remote, "show", "deploy:apps/local/shop/web/values.yaml"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
