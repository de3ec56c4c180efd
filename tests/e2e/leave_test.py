#!/usr/bin/env python3
"""Leaving: what `eject` writes gives exactly what runs, judged by the real kubectl and helm; `retire --keep-running` lets go;
apps that are renamed, move between projects, or vanish many at once.

usage: AUTONOMOUS=path/to/autonomous leave_test.py [unittest's arguments]
"""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from local_test import Daemon, Project

BED = Path(__file__).resolve().parents[1] / "support" / "bed" / "bed"
CACHE = Path(os.environ.get("AUTONOMOUS_TEST_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autonomous-tests")
BIN = CACHE / "bin"

SPEC = """version: 1
project: leaver
apps:
  web:
    image: registry.example.com/web:1
    port: 8080
    env: {GREETING: "{{ not a template }}"}
    extra: k8s/extra.yaml
  patched:
    image: registry.example.com/web:1
    port: 8080
    patches: {more: {target: {kind: Deployment}, patch: {spec: {minReadySeconds: 7}}}}
  own: {chart: chart, values: {replicas: 3, note: "a: b"}}
  plain: {manifests: k8s/plain}
"""
EXTRA = """apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
data:
  template: "Hello {{ .Name }}"
"""
PLAIN = """apiVersion: v1
kind: ConfigMap
metadata: {name: plain}
data: {text: "{{ range }} {{ end }}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: far, namespace: elsewhere}
data: {a: b}
"""
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: own\nversion: 0.3.0\n",
    "chart/README.md": "The chart's own words.\n",
    "chart/values.yaml": "# how many\nreplicas: 1\nnote: none\n",
    "chart/templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\n"
                               "data:\n  replicas: {{ .Values.replicas | quote }}\n  note: {{ .Values.note | quote }}\n",
}


def objects(text):
    """The documents of a stream, without what helm says about their origin, in any order."""
    out = []
    for document in ("\n" + text).split("\n---"):
        lines = [line for line in document.strip("\n").splitlines() if not line.startswith("# Source: ")]
        if lines:
            out.append("\n".join(lines) + "\n")
    return sorted(out)


class Leave(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        for part in ("helm", "cluster"):
            subprocess.run([BED, "install", part], check=True)
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-leave-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.daemon = d = Daemon(cls.folder)
        token = cls.folder / "argocd-token"
        token.write_text("a-token\n")
        token.chmod(0o600)
        (cls.folder / "daemon.yaml").write_text(f"version: 1\nverify_timeout: 1s\ninstances: {{argocd: {{credential: {{file: {token}}}}}}}\n")
        d.start("--config", cls.folder / "daemon.yaml")
        cls.addClassCleanup(d.stop)
        cls.project = Project(d, "leaver").write({"autonomous.yaml": SPEC, "k8s/extra.yaml": EXTRA, "k8s/plain/a.yaml": PLAIN, **CHART})
        said = cls.project.push("Open")
        assert "error" not in said, said
        cls.clone = cls.folder / "clone"
        d.git("clone", "-q", f"{d.url}/git/gitops.git", cls.clone)
        cls.deployed = cls.folder / "deployed"
        d.git("worktree", "add", "-q", cls.deployed, "origin/deploy", cwd=cls.clone)

    def released(self, app):
        return sorted((self.deployed / "apps" / "local" / "leaver" / app / "manifests").glob("*.yaml"))

    def kustomize(self, folder):
        return self.daemon.run(BIN / "kubectl", "kustomize", folder).stdout

    def eject(self, *argv, status=0):
        done = self.daemon.cli("eject", *argv, check=False)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def test_manifests_are_what_runs(self):
        before = self.daemon.gitops("for-each-ref")
        said = self.eject("leaver/web", "--to", self.folder / "web")
        self.assertIn("release 1,", said)
        self.assertIn("Nothing was changed", said)
        self.assertIn("take web out of leaver's autonomous.yaml", said)
        # The same by hand: the released files, in the target's namespace.
        by_hand = self.folder / "by-hand"
        by_hand.mkdir()
        for file in self.released("web"):
            shutil.copy(file, by_hand)
        names = "".join(f"- {file.name}\n" for file in self.released("web"))
        (by_hand / "kustomization.yaml").write_text(f"namespace: leaver-local\nresources:\n{names}")
        made = self.kustomize(self.folder / "web")
        self.assertEqual(made, self.kustomize(by_hand))
        self.assertIn("  name: extra\n  namespace: leaver-local\n", made)
        self.assertIn("kubectl apply -k .", (self.folder / "web" / "README.md").read_text())
        # From a clone, without any daemon, it is the same.
        self.eject("local/leaver/web", "--repo", self.clone, "--to", self.folder / "web-clone")
        self.daemon.run("diff", "-r", self.folder / "web", self.folder / "web-clone")
        self.assertEqual(before, self.daemon.gitops("for-each-ref"))

    def test_other_namespaces_stay_theirs(self):
        self.eject("plain", "--to", self.folder / "plain")
        made = self.kustomize(self.folder / "plain")
        self.assertIn("  name: far\n  namespace: elsewhere\n", made)
        self.assertIn("  name: plain\n  namespace: leaver-local\n", made)

    def test_charts_give_the_same_objects(self):
        for app in ("web", "own", "plain"):
            with self.subTest(app):
                chart = self.folder / f"chart-{app}"
                said = self.eject(f"leaver/{app}", "--as", "chart", "--to", chart)
                self.assertIn("helm upgrade --install", said)
                want = sorted(text for file in self.released(app) for text in objects(file.read_text()))
                version = "v1.31.0"
                release = (self.deployed / "apps" / "local" / "leaver" / app / "release.yaml").read_text()
                for line in release.splitlines():
                    if line.strip().startswith("kubernetes:"):
                        version = line.split(":", 1)[1].strip().strip("\"'")
                for helm in ("helm4", "helm3"):
                    made = self.daemon.run(BIN / helm, "template", app, chart, "--namespace", "leaver-local", "--include-crds", "--kube-version", version).stdout
                    self.assertEqual(objects(made), want, helm)
        self.assertEqual((self.folder / "chart-own" / "README.md").read_text(), "The chart's own words.\n")
        self.assertIn("replicas: 3", (self.folder / "chart-own" / "values.yaml").read_text())
        self.assertIn("helm template own .", (self.folder / "chart-own" / "EJECTED.md").read_text())

    def test_what_no_chart_gives_is_said(self):
        said = self.eject("patched", "--as", "chart", "--to", self.folder / "patched", status=1)
        self.assertIn("Deployment/leaver-local/patched differs", said)
        self.assertIn("--as manifests", said)
        self.assertFalse((self.folder / "patched").exists())
        self.eject("patched", "--to", self.folder / "patched")

    def test_a_project_leaves_in_a_folder_each(self):
        answer = json.loads(self.eject("leaver", "--to", self.folder / "all", "-o", "json"))
        self.assertEqual([one["release"] for one in answer], [f"local/leaver/{app}/1" for app in ("own", "patched", "plain", "web")])
        for one in answer:
            for file in one["files"]:
                self.assertTrue((Path(one["folder"]) / file).is_file(), file)
        self.assertIn("is not empty", self.eject("leaver", "--to", self.folder / "all", status=1))
        self.assertIn("did you mean", self.eject("leavr", "--to", self.folder / "none", status=3))
        self.assertIn("--to FOLDER", self.eject("web", status=2))

    # ---- apps that are called otherwise

    def renamed(self, name, spec):
        return Project(self.daemon, name).write({"autonomous.yaml": "version: 1\nproject: " + name + "\napps:\n" + spec})

    def test_a_renamed_app_keeps_its_objects_and_numbers(self):
        d = self.daemon
        spec = "  {0}: {{type: stateful, image: registry.example.com/db:1, port: 9200, volumes: {{data: {{path: /data, size: 5Gi}}}}{1}}}\n" \
               "  web: {{image: registry.example.com/web:{2}, port: 8080, needs: [{0}], env: {{A: {{from: {0}.url}}}}}}\n"
        mover = self.renamed("mover", spec.format("db", "", 1))
        mover.push("Open")
        before = d.gitops("ls-tree", "deploy:apps/local/mover/db", "manifests")
        mover.write({"autonomous.yaml": "version: 1\nproject: mover\napps:\n" + spec.format("store", ", renamed-from: db", 1)})
        said = mover.push("Call it what it is")
        self.assertNotIn("error", said)
        self.assertNotIn("orphaned", said)
        self.assertEqual(before, d.gitops("ls-tree", "deploy:apps/local/mover/store", "manifests"), "not the same objects")
        self.assertIn("StatefulSet", d.gitops("show", "deploy:apps/local/mover/store/manifests/statefulset.apps-db.yaml"))
        self.assertIn('"names": "local/mover/db"', d.gitops("show", "deploy:apps/local/mover/store/release.yaml"))
        config = d.gitops("show", "deploy:apps/local/mover/web/manifests/configmap-web-env.yaml")
        self.assertIn('"STORE_HOST": "db"', config)
        rows = d.rows()
        self.assertEqual(rows["local/mover/store"]["release"], 2)
        self.assertEqual(rows["local/mover/db"]["state"], "retired")
        self.assertEqual(rows["local/mover/db"]["why"], "moved to local/mover/store")
        releases = json.loads(d.cli("releases", "-p", "mover", "-o", "json").stdout)["releases"]
        links = {f"{row['target']}/{row['release']}": (row.get("moved_from"), row.get("moved_to")) for row in releases}
        self.assertEqual(links["local/mover/store/2"], ("local/mover/db/1", None))
        self.assertEqual(links["local/mover/db/1"], (None, "local/mover/store"))
        self.assertIn("moved from local/mover/db/1", d.cli("releases", "-p", "mover").stdout)
        for words in (("rollback", "local/mover/db", "--to", "1"), ("retire", "local/mover/db", "--yes")):
            refused = d.cli(*words, check=False)
            self.assertEqual(refused.returncode, 1, refused.stdout)
            self.assertIn("became local/mover/store", refused.stdout)
        refused = d.cli("rollback", "local/mover/store", "--to", "1", check=False)
        self.assertIn("local/mover/store goes on after local/mover/db/1, and release 1 is of that", refused.stdout)
        self.assertIn("autonomous rollback local/mover/db --to 1", refused.stdout)
        # A release later, and a diff of what is to come: the same names.
        mover.write({"autonomous.yaml": "version: 1\nproject: mover\napps:\n" + spec.format("store", ", renamed-from: db", 1).replace("db:1", "db:2")})
        mover.push("A newer one")
        self.assertEqual(d.rows()["local/mover/store"]["release"], 3)
        self.assertEqual(json.loads(d.cli("diff", "local/mover/store", "-o", "json").stdout)["changed"], [])
        clone = self.folder / "mover-clone"
        d.git("clone", "-q", f"{d.url}/git/gitops.git", clone)
        d.cli("audit", clone)
        for release in ("local/mover/db/1", "local/mover/store/2", "local/mover/store/3", "local/mover/web/2"):
            self.assertIn("every byte is the same", d.cli("verify", release, clone).stdout)
        # The name of its objects is taken, until it comes back.
        mover.write({"autonomous.yaml": "version: 1\nproject: mover\napps:\n" + spec.format("store", "", 2) +
                     "  db: {image: registry.example.com/other:1, port: 8080}\n"})
        self.assertIn("choose another name", mover.push("Another one of that name"))
        mover.write({"autonomous.yaml": "version: 1\nproject: mover\napps:\n" + spec.format("db", ", renamed-from: store", 2)})
        mover.push("Back again")
        self.assertEqual(d.rows()["local/mover/db"]["release"], 5)
        self.assertEqual(d.rows()["local/mover/store"]["why"], "moved to local/mover/db")
        d.cli("rollback", "local/mover/db", "--to", "1", "--because", "as it said", "--yes")
        self.assertEqual(d.rows()["local/mover/db"]["release"], 6)
        auditor = self.folder / "mover-auditor"
        d.git("clone", "-q", f"{d.url}/git/gitops.git", auditor)
        d.cli("audit", auditor)

    def test_an_app_moves_to_another_project_when_both_say_so(self):
        d = self.daemon
        giver = self.renamed("giver", "  web: {image: registry.example.com/web:1, port: 8080}\n  rest: {image: registry.example.com/rest:1, port: 8080}\n")
        giver.push("Open")
        taker = self.renamed("taker", "  web: {image: registry.example.com/web:1, port: 8080, renamed-from: giver/web}\n")
        self.assertIn("gone from the spec of giver", taker.push("Take it"))
        self.assertNotIn("local/taker/web", d.gitops("ls-tree", "-r", "--name-only", "deploy"))
        giver.write({"autonomous.yaml": "version: 1\nproject: giver\napps:\n  rest: {image: registry.example.com/rest:1, port: 8080}\n"})
        giver.push("Give it")
        d.until("it waits for a person", lambda: "deploy local/taker/web --move" in d.rows()["local/taker/web"].get("why", ""))
        self.assertIn("--move", d.cli("why", "local/taker/web").stdout)
        refused = d.cli("deploy", "taker/nothing", "--move", check=False)
        self.assertEqual(refused.returncode, 3, refused.stdout)
        before = d.gitops("ls-tree", "deploy:apps/local/giver/web", "manifests")
        d.cli("deploy", "local/taker/web", "--move", "--because", "it is theirs now")
        self.assertEqual(before, d.gitops("ls-tree", "deploy:apps/local/taker/web", "manifests"))
        self.assertIn('namespace: "giver-local"', d.gitops("show", "deploy:apps/local/taker/web/release.yaml"))
        self.assertEqual(d.rows()["local/taker/web"]["release"], 2)
        self.assertEqual(d.rows()["local/giver/web"]["why"], "moved to local/taker/web")
        clone = self.folder / "taker-clone"
        d.git("clone", "-q", f"{d.url}/git/gitops.git", clone)
        d.cli("audit", clone)
        self.assertIn("every byte is the same", d.cli("verify", "local/taker/web/2", clone).stdout)

    def test_a_fifth_that_vanishes_needs_a_person(self):
        d = self.daemon
        app = "  {0}: {{image: registry.example.com/{0}:{1}, port: 8080}}\n"
        names = [f"app-{letter}" for letter in "abcdefghij"]
        big = self.renamed("big", "".join(app.format(name, 1) for name in names))
        big.push("Ten apps")
        big.write({"autonomous.yaml": "version: 1\nproject: big\napps:\n" + "".join(app.format(name, 2) for name in names[:7])})
        said = big.push("Seven apps, by mistake")
        self.assertIn("3 of 10 apps are gone from the spec", said)
        rows = d.rows()
        for name in names:
            self.assertEqual(rows[f"local/big/{name}"]["state"], "waiting", name)
            self.assertIn("--vanished", rows[f"local/big/{name}"]["why"])
            self.assertEqual(rows[f"local/big/{name}"]["release"], 1)
        self.assertIn("vanished", d.cli("why", "local/big/app-j").stdout)
        self.assertIn("3 of 10", d.cli("why", "local/big/app-a").stdout)
        self.assertNotIn("orphaned", [entry["type"] for name in names for entry in d.ledger(f"local/big/{name}")])
        # Put right by a push: nobody is asked.
        big.write({"autonomous.yaml": "version: 1\nproject: big\napps:\n" + "".join(app.format(name, 2) for name in names)})
        big.push("All ten again")
        d.until("all ten are released", lambda: all(d.rows()[f"local/big/{name}"]["release"] == 2 for name in names))
        big.write({"autonomous.yaml": "version: 1\nproject: big\napps:\n" + "".join(app.format(name, 3) for name in names[:7])})
        big.push("Seven apps, on purpose")
        asked = d.cli("deploy", "big", "--vanished", check=False)
        self.assertEqual(asked.returncode, 2, "nobody can be asked, and --yes was not said")
        self.assertIn("dry run", d.cli("deploy", "big", "--vanished", "--dry-run").stdout)
        self.assertEqual(d.rows()["local/big/app-j"]["state"], "waiting")
        d.cli("deploy", "big", "-e", "local", "--commit", big.head()[:7], "--vanished", "--yes", "--because", "three were merged")
        d.until("the rest is released", lambda: all(d.rows()[f"local/big/{name}"]["release"] == 3 for name in names[:7]))
        d.until("three are orphaned", lambda: {d.rows()[f"local/big/{name}"]["state"] for name in names[7:]} == {"orphaned"})
        entry = [entry for entry in d.ledger("local/big/app-j") if entry["type"] == "orphaned"][-1]
        self.assertEqual((entry["because"], bool(entry["by"]["how"])), ("three were merged", True))
        again = d.cli("deploy", "big", "--vanished", "--yes", check=False)
        self.assertEqual(again.returncode, 1, again.stdout)

    def test_z_letting_go_keeps_it_running(self):
        d = self.daemon
        main = self.folder / "main"
        d.git("clone", "-q", "-b", "main", f"{d.url}/git/gitops.git", main)
        # A reconciler that is away: its Applications are written all the same.
        (main / "platform.yaml").write_text("version: 1\ninstances: {argocd: {kind: argocd, url: \"http://127.0.0.1:9\"}}\n"
                                            "environments: {local: {from: branch main}, care: {from: branch care, instances: [argocd]}}\n")
        d.git("commit", "-qam", "Let Argo CD reconcile", cwd=main)
        d.git("push", "-q", "origin", "main", cwd=main)
        d.until("the platform is taken in", lambda: d.gitops("rev-parse", "main").strip() in d.cli("doctor", check=False).stdout or
                "argocd" in d.cli("doctor", check=False).stdout)
        d.git("push", "-q", f"{d.url}/git/leaver.git", "HEAD:care", cwd=self.project.folder)
        file, target = "argocd/care/leaver/own.yaml", "care/leaver/own"
        d.until("it is taken on", lambda: file in d.gitops("ls-tree", "-r", "--name-only", "deploy"))
        refused = d.cli("retire", target, "--keep-running", check=False)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertIn("still in the project's spec", refused.stdout)
        said = self.eject(target, "--to", self.folder / "own-care")
        self.assertIn("argocd app delete care.leaver.own --cascade=false", said)
        self.project.write({"autonomous.yaml": SPEC.replace("  own: {chart: chart, values: {replicas: 3, note: \"a: b\"}}\n", "")})
        self.project.push("Own leaves", branch="care")
        d.until("it is orphaned", lambda: d.rows()[target]["state"] == "orphaned")
        tree = d.gitops("rev-parse", f"deploy:apps/{target}")
        self.assertIn("dry run", d.cli("retire", target, "--keep-running", "--dry-run").stdout)
        self.assertIn(file, d.gitops("ls-tree", "-r", "--name-only", "deploy"))
        said = d.cli("retire", target, "--keep-running", "--because", "it moves out").stdout
        self.assertIn("what runs stays", said)
        self.assertNotIn(file, d.gitops("ls-tree", "-r", "--name-only", "deploy"))
        self.assertEqual(tree, d.gitops("rev-parse", f"deploy:apps/{target}"))
        d.until("status says so", lambda: d.rows()[target]["why"].startswith("let go of"))
        self.assertIn("it moves out", d.gitops("log", "-1", "--format=%B", "deploy"))
        for words in (("retire", target, "--yes"), ("retire", target, "--keep-running")):
            self.assertEqual(d.cli(*words, check=False).returncode, 1)
        auditor = self.folder / "auditor"
        d.git("clone", "-q", f"{d.url}/git/gitops.git", auditor)
        d.cli("audit", auditor)
        # It comes back, and is taken on again.
        self.project.write({"autonomous.yaml": SPEC})
        self.project.push("Own comes back", branch="care")
        d.until("it is taken on again", lambda: file in d.gitops("ls-tree", "-r", "--name-only", "deploy"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
