#!/usr/bin/env python3
"""A newer daemon, and the older one again, over 1,000 targets: no commit, and every release renders to what it was.

usage: AUTONOMOUS=path/to/autonomous AUTONOMOUS_NEXT=path/to/autonomous-core-next AUTONOMOUS_FORMAT=path/to/autonomous-core-format versions_test.py
"""
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import local_test  # noqa: E402
from local_test import PROGRAM, Daemon, Project  # noqa: E402

PROJECTS, APPS = 10, 100
KINDS = ("{{image: registry.example.com/a:{n}, port: 8080}}", "{{image: registry.example.com/a:{n}, type: worker}}",
         '{{image: registry.example.com/a:{n}, type: cron, schedule: "{m} 4 * * *"}}', "{{chart: chart}}", "{{manifests: k8s}}")
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/values.yaml": "level: one\n",
    "chart/templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {level: {{ .Values.level }}}\n",
    "k8s/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain-NAME}\ndata: {level: one}\n",
}


class Versions(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="autonomous-versions-"))
        self.daemon = Daemon(self.folder)
        self.programs = {"now": PROGRAM}
        for name in ("next", "format"):
            beside = self.folder / name
            beside.mkdir()
            shutil.copy(PROGRAM, beside / "autonomous")
            shutil.copy(os.environ[f"AUTONOMOUS_{name.upper()}"], beside / "autonomous-core")
            shutil.copy(Path(PROGRAM).parent / "autonomous-hook", beside)
            self.programs[name] = str(beside / "autonomous")

    def tearDown(self):
        local_test.PROGRAM = PROGRAM
        if self.daemon.process and self.daemon.alive():
            self.daemon.stop()
        shutil.rmtree(self.folder)

    def become(self, name):
        if self.daemon.process:
            self.assertEqual(self.daemon.stop(), 0)
        local_test.PROGRAM = self.programs[name]
        self.daemon.start()
        return self.daemon.cli("version").stdout.split()[1]

    def ready(self):
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(self.daemon.url + "/readyz", timeout=60) as answer:
            return answer.status == 200

    def fill(self):
        self.projects = []
        for p in range(PROJECTS):
            apps, files = "", {}
            for a in range(APPS):
                kind = KINDS[a % len(KINDS)].format(n=a + 1, m=a % 60)
                if "k8s" in kind:
                    kind = f"{{manifests: k8s/{a}}}"
                    files[f"k8s/{a}/config.yaml"] = CHART["k8s/config.yaml"].replace("NAME", str(a))
                apps += f"  a{a}: {kind}\n"
            files |= {path: text for path, text in CHART.items() if path.startswith("chart/")}
            project = Project(self.daemon, f"p{p}").write(files | {"autonomous.yaml": f"version: 1\nproject: p{p}\napps:\n{apps}"})
            told = project.push("Fill")
            self.assertIn("release 1", told)
            self.projects.append(project)
        self.daemon.until("all is released", lambda: all(row["state"] == "unverified" for row in self.daemon.rows().values()))
        self.assertEqual(len(self.daemon.rows()), PROJECTS * APPS)

    def tips(self):
        return [self.daemon.gitops("rev-parse", ref).strip() for ref in ("main", "deploy", "autonomous/ledger/deploy")] + [self.daemon.gitops("for-each-ref", "refs/tags")]

    def expect_verified(self, releases):
        for release in releases:
            answer = json.loads(self.daemon.cli("verify", release, "--repo", str(self.daemon.state / "repos/gitops.git"), "-o", "json").stdout)
            self.assertTrue(answer["equal"], answer)

    def push_nothing(self, project, app):
        """A commit that changes no byte of what runs is looked at, and said to be that."""
        head = project.head()
        told = project.write({"NOTES": f"nothing that runs, {head}\n"}).push("Change nothing")
        self.assertNotEqual(project.head(), head)
        self.assertNotRegex(told, r"release \d+  released")
        entries = [entry for entry in self.daemon.ledger(f"local/{project.name}/{app}") if entry["type"] == "unchanged"]
        self.assertEqual(len({entry["artifact"] for entry in entries}), len(entries))
        return len(entries)

    def test_a_newer_daemon_and_the_older_again(self):
        now = self.become("now")
        self.fill()
        sample = [f"local/p{n % PROJECTS}/a{n % APPS}/1" for n in range(0, PROJECTS * APPS, 71)]
        before = self.tips()
        deploy = before[1]
        self.expect_verified(sample)
        for turn, name in enumerate(("next", "now")):
            version = self.become(name)
            self.assertEqual(version != now, name == "next", version)
            self.assertEqual(len(self.daemon.rows()), PROJECTS * APPS)
            self.daemon.until("it is ready", self.ready)
            self.assertEqual(self.tips(), before, f"{version} changed something by starting")
            self.expect_verified(sample)
            unchanged = self.push_nothing(self.projects[turn], "a0")
            self.assertEqual(unchanged, 1)
            self.assertEqual(self.tips()[1], deploy, f"{version} made a commit for a push that changes nothing")
            before = self.tips()
        audit = self.daemon.cli("audit", "--repo", str(self.daemon.state / "repos/gitops.git"))
        self.assertIn("The history is whole", audit.stdout)

    def test_what_a_newer_one_rendered_otherwise_is_not_rendered_back(self):
        self.become("now")
        spec = "version: 1\nproject: shop\napps:\n  web: {{image: registry.example.com/web:1, port: 8080, env: {{LEVEL: {level}}}}}\n  api: {{image: registry.example.com/api:1, port: 8080, env: {{LEVEL: {other}}}}}\n"
        shop = Project(self.daemon, "shop").write({"autonomous.yaml": spec.format(level="a", other="a")})
        self.assertIn("release 1", shop.push("First"))
        self.become("format")
        self.assertRegex(shop.write({"autonomous.yaml": spec.format(level="b", other="a")}).push("By the newer"), r"local/shop/web +release 2")
        newer = json.loads(self.daemon.cli("verify", "local/shop/web/2", "--repo", str(self.daemon.state / "repos/gitops.git"), "-o", "json").stdout)
        self.assertTrue(newer["equal"])
        self.become("now")
        deploy = self.daemon.gitops("rev-parse", "deploy")
        told = shop.write({"autonomous.yaml": spec.format(level="c", other="c")}).push("By the older")
        words = r"release local/shop/web/2 was rendered as render-format/2 helm/4, and this program \(autonomous [0-9.]+\) knows render-format/1 helm/4"
        self.assertRegex(told, words)
        self.assertRegex(told, r"local/shop/api +release 2")
        changed = self.daemon.gitops("diff", "--name-only", deploy.strip(), "deploy")
        self.assertTrue(changed and all(path.startswith("apps/local/shop/api/") for path in changed.split()), changed)
        refused = self.daemon.cli("verify", "local/shop/web/2", "--repo", str(self.daemon.state / "repos/gitops.git"), check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertRegex(re.sub(r"\s+", " ", refused.stdout), words)
        # Going back to what it knows is no rendering.
        self.daemon.cli("rollback", "web", "--to", "1", "--because", "the newer one is gone", "--yes")
        self.assertEqual(self.daemon.rows()["local/shop/web"]["release"], 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
