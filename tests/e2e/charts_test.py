#!/usr/bin/env python3
"""Charts that are not here: `autonomous render` beside the real helm 4, from a real registry and a chart repository.

usage: charts_test.py path/to/autonomous [unittest's arguments]
"""
import functools
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import local_test
from local_test import Daemon, Project

PROGRAM = local_test.PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "autonomous"
BED = Path(__file__).resolve().parent.parent / "support" / "bed" / "bed"
CACHE = Path(os.environ.get("AUTONOMOUS_TEST_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autonomous-tests")
HELM = str(CACHE / "bin" / "helm4")
VERSIONS = ["0.1.0", "0.2.0", "1.0.0-rc.1", "1.2.3+b.7"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def send_error(self, code, *_):
        super().send_error(code)  # with the standard's reason, not Python's own


class Charts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-charts"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        subprocess.run([BED, "install", "helm"], check=True)
        subprocess.run([BED, "up", cls.folder / "bed", "registry"], check=True)
        cls.addClassCleanup(subprocess.run, [BED, "down", cls.folder / "bed"], check=True)
        cls.bed = dict(line.split("=", 1) for line in (cls.folder / "bed" / "env").read_text().splitlines())
        cls.oci = f"oci://{cls.bed['REGISTRY']}/charts/web"
        cls.closed = f"oci://{cls.bed['REGISTRY_CLOSED']}/charts/web"
        keep = {k: os.environ[k] for k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ}
        cls.env = keep | {"HOME": str(cls.folder), "AUTONOMOUS_CACHE": str(cls.folder / "cache")}
        cls.publish()

    @classmethod
    def helm(cls, *arguments, **options):
        return subprocess.run([HELM, *map(str, arguments)], env=cls.env, cwd=cls.folder, capture_output=True, text=True, **options)

    @classmethod
    def publish(cls):
        cls.helm("create", "web", check=True)
        packages = cls.folder / "served"
        for version in VERSIONS:
            cls.helm("package", "web", "--version", version, "-d", packages, check=True)
            package = packages / f"web-{version}.tgz"
            cls.helm("push", package, f"oci://{cls.bed['REGISTRY']}/charts", "--plain-http", check=True)
            cls.helm("push", package, f"oci://{cls.bed['REGISTRY_CLOSED']}/charts", "--plain-http", "--username", cls.bed["REGISTRY_USER"],
                     "--password", cls.bed["REGISTRY_PASSWORD"], check=True)
        cls.helm("repo", "index", packages, check=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(packages)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        cls.repo = f"http://127.0.0.1:{server.server_port}"

    def ours(self, *arguments, **options):
        return subprocess.run([PROGRAM, "render", "x", *map(str, arguments)], env=self.env, cwd=self.folder, capture_output=True, text=True, **options)

    def same(self, *arguments):
        """Output, messages and status are helm's: when it is fetched, and again from the cache."""
        theirs = self.helm("template", "x", *arguments)
        for _ in range(2):
            ours = self.ours(*arguments)
            self.assertEqual((ours.stdout, ours.stderr, ours.returncode), (theirs.stdout, theirs.stderr, theirs.returncode), arguments)
        return theirs

    def fails(self, *arguments):
        """Both fail; what helm says of its own client's internals is not compared."""
        theirs, ours = self.helm("template", "x", *arguments), self.ours(*arguments)
        self.assertEqual((theirs.returncode, ours.returncode, ours.stdout), (1, 1, ""), arguments)
        self.assertTrue(ours.stderr.startswith("Error: "), ours.stderr)
        return ours.stderr

    def digest(self, version):
        pulled = self.helm("template", "x", self.oci, "--plain-http", "--version", version, check=True)
        return pulled.stderr.split("Digest: ")[1].split()[0]

    def test_registry_versions_and_constraints(self):
        for version in [None, "0.1.0", "0.2.0", "^0.1", ">=0.1.0 <1", "1.0.0-rc.1", ">=1.0.0-0", "1.2.3+b.7", "9.9.9", "^9", "0.1", "v0.1.0", "not one"]:
            with self.subTest(version):
                self.same(self.oci, "--plain-http", *(["--version", version] if version else []))

    def test_registry_names(self):
        one, two = self.digest("0.1.0"), self.digest("0.2.0")
        for name, *more in [(":0.2.0",), (":0.2.0", "--version", "0.2.0"), (":0.2.0", "--version", "0.1.0"), ("@" + two,), (":0.2.0@" + two,), (":0.2.0@" + one,),
                            ("@" + two, "--version", "0.1.0")]:
            with self.subTest(name):
                self.same(self.oci + name, "--plain-http", *more)
        self.assertIn("name unknown", self.fails(self.oci + "-none", "--plain-http").replace("repository name not known", "name unknown"))
        self.fails("oci://127.0.0.1:1/charts/web", "--plain-http", "--version", "1.0.0")

    def test_registry_logins(self):
        login = ["--username", self.bed["REGISTRY_USER"], "--password", self.bed["REGISTRY_PASSWORD"]]
        # What is in the cache needs no login: denials come first.
        denied = self.fails(self.closed, "--plain-http", "--version", "0.1.0")
        self.assertIn("authentication required", denied)
        self.fails(self.closed, "--plain-http", "--version", "0.1.0", "--username", "jane", "--password", "wrong")
        self.same(self.closed, "--plain-http", "--version", "0.1.0", *login)
        self.helm("registry", "login", self.bed["REGISTRY_CLOSED"], "--plain-http", "-u", "jane", "--password-stdin", input=self.bed["REGISTRY_PASSWORD"], check=True)
        self.same(self.closed, "--plain-http", "--version", "^0.1")

    def test_what_helm_pulls_is_what_is_kept(self):
        (self.folder / "pulled").mkdir()
        self.helm("pull", self.oci, "--plain-http", "--version", "0.2.0", "-d", self.folder / "pulled", check=True)
        pulled = hashlib.sha256((self.folder / "pulled" / "web-0.2.0.tgz").read_bytes()).hexdigest()
        self.same(self.oci, "--plain-http", "--version", "0.2.0")
        self.assertTrue((self.folder / "cache" / "charts" / "sha256" / f"{pulled}.tgz").exists())

    def test_repository(self):
        for version in [None, "0.1.0", "~0.1", "^0.1 || ^0.2", "v0.2.0", "1.0.0-rc.1", "9.9.9", "not one"]:
            with self.subTest(version):
                self.same("web", "--repo", self.repo, *(["--version", version] if version else []))
        self.same("none", "--repo", self.repo)
        self.same("web", "--repo", self.repo + "/none")
        self.same(self.repo + "/web-0.2.0.tgz")
        self.same(self.repo + "/none.tgz")

    def test_batch(self):
        lines = [{"name": f"a{i}", "chart": self.oci, "version": "^0.1", "plain-http": True, "set": [f"replicaCount={i}"]} for i in range(10)]
        lines.append({"name": "b", "chart": "web", "repo": self.repo})
        lines.append({"name": "c", "chart": "web", "repo": self.repo, "version": "9"})
        done = subprocess.run([PROGRAM, "render", "--batch", "-"], env=self.env, input="\n".join(map(json.dumps, lines)), capture_output=True, text=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(a["name"], a["ok"]) for a in answers], [(line["name"], line["name"] != "c") for line in lines])
        self.assertEqual(done.returncode, 1)
        self.assertEqual(answers[3]["manifest"], self.helm("template", "a3", self.oci, "--plain-http", "--version", "^0.1", "--set", "replicaCount=3").stdout)

    def test_without_a_network_and_when_a_version_changes(self):
        # A registry of its own, which can be stopped.
        folder = self.folder / "bed2"
        subprocess.run([BED, "up", folder, "registry"], check=True)
        self.addCleanup(subprocess.run, [BED, "down", folder], check=True)
        registry = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())["REGISTRY"]
        oci, package = f"oci://{registry}/charts/web", self.folder / "served" / "web-0.1.0.tgz"
        self.helm("push", package, f"oci://{registry}/charts", "--plain-http", check=True)
        first = self.ours(oci, "--plain-http", "--version", "^0.1")
        self.assertEqual(first.returncode, 0, first.stderr)

        shutil.copytree(self.folder / "web", self.folder / "changed" / "web")
        (self.folder / "changed" / "web" / "values.yaml").write_text((self.folder / "web" / "values.yaml").read_text().replace("replicaCount: 1", "replicaCount: 2"))
        self.helm("package", self.folder / "changed" / "web", "--version", "0.1.0", "-d", self.folder / "changed", check=True)
        self.helm("push", self.folder / "changed" / "web-0.1.0.tgz", f"oci://{registry}/charts", "--plain-http", check=True)
        changed = self.ours(oci, "--plain-http", "--version", "^0.1")
        self.assertEqual((changed.returncode, changed.stdout), (1, ""))
        self.assertIn(f"{oci} 0.1.0 is not what it was", changed.stderr)

        subprocess.run([BED, "down", folder], check=True)
        again = self.ours(oci, "--plain-http", "--version", "0.1.0")
        self.assertEqual((again.returncode, again.stdout), (0, first.stdout))
        asks = self.ours(oci, "--plain-http", "--version", "^0.1")
        self.assertEqual((asks.returncode, asks.stdout), (1, ""))
        self.assertIn("onnect", asks.stderr)

    def test_released_by_name_and_version(self):
        """`chart:` and `version:` in autonomous.yaml: pinned by digest, kept in the ledger, verified from a clone alone."""
        (self.folder / "daemon").mkdir()
        daemon = Daemon(self.folder / "daemon")
        daemon.start()
        self.addCleanup(lambda: daemon.alive() and daemon.stop())
        project = Project(daemon, "shop")
        spec = "version: 1\nproject: shop\napps:\n  web:\n    chart: {}\n    version: {}\n    values: {{replicaCount: {}, image: {{tag: '1'}}}}\n"
        digest = {v: hashlib.sha256((self.folder / "served" / f"web-{v}.tgz").read_bytes()).hexdigest() for v in VERSIONS}

        told = project.write({"autonomous.yaml": spec.format(self.oci, "0.1.0", 2)}).push("From a registry")
        self.assertIn("release 1", told)
        message = daemon.gitops("log", "-1", "--format=%B", "release/local/shop/web/1^{commit}")
        self.assertIn(f"Chart: web 0.1.0 sha256:{digest['0.1.0']}\n", message)
        self.assertIn(digest["0.1.0"], daemon.gitops("show", "deploy:apps/local/shop/web/release.yaml"))
        self.assertIn("replicas: 2", daemon.gitops("grep", "-h", "replicas:", "deploy", "--", "apps/local/shop/web/manifests"))

        self.assertIn("release 2", project.write({"autonomous.yaml": spec.format(self.repo + "/web", "0.2.0", 3)}).push("From a chart repository"))
        self.assertIn(f"Chart: web 0.2.0 sha256:{digest['0.2.0']}\n", daemon.gitops("log", "-1", "--format=%B", "release/local/shop/web/2^{commit}"))

        for chart, version, words in [(self.oci, "9.9.9", "not found"), (self.oci + "-none", "1.0.0", "while fetching the chart of web"),
                                      (self.repo + "/web", "9.9.9", 'chart "web" version "9.9.9" not found'), (self.oci, "^0.1", "is not an exact version")]:
            with self.subTest(chart=chart, version=version):
                self.assertIn(words, project.write({"autonomous.yaml": spec.format(chart, version, 3)}).push("Wrong"))
        self.assertIn("replicas: 3", daemon.gitops("grep", "-h", "replicas:", "deploy", "--", "apps/local/shop/web/manifests"))

        # Nothing but the clone is asked: what was fetched is gone, and so is the daemon.
        clone = daemon.folder / "auditor"
        daemon.git("clone", "-q", f"{daemon.url}/git/gitops.git", clone)
        self.assertIn("The history is whole", daemon.cli("audit", "--repo", clone).stdout)
        daemon.stop()
        shutil.rmtree(daemon.state)
        for number in (1, 2):
            self.assertIn("every byte is the same", daemon.cli("verify", f"local/shop/web/{number}", "--repo", clone).stdout)


unittest.main(verbosity=2)
