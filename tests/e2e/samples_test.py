#!/usr/bin/env python3
"""Every sample, pushed to a real daemon: all of its apps are released, in `local` and by the sample platform, and nothing of it is wrong.

usage: AUTONOMOUS=path/to/autonomous samples_test.py [unittest's arguments]
"""
import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from local_test import Daemon

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
APPS = {
    "hello": ("hello", ["web"]),
    "shop": ("shop", ["api", "db", "report", "web", "worker"]),
    "helm-app": ("helm-app", ["web"]),
    "manifests": ("manifests", ["web"]),
    "stateful-postgres": ("notes", ["db", "search", "web"]),
    "monorepo": ("market", ["api", "web"]),
}


class Samples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="autonomous-samples-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.daemon = Daemon(cls.folder.name)
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.stop)

    def push(self, sample, project):
        folder = Path(self.folder.name) / sample
        shutil.copytree(SAMPLES / sample, folder)
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", f"Try {sample}")):
            self.daemon.git(*words, cwd=folder)
        return self.daemon.git("push", f"{self.daemon.url}/git/{project}.git", "HEAD:refs/heads/main", cwd=folder)

    def manifests(self, clone, target):
        return sorted((clone / "apps" / target / "manifests").glob("*.yaml"))

    def test_1_all_are_released(self):
        for sample, (project, apps) in APPS.items():
            with self.subTest(sample):
                said = self.push(sample, project)
                for app in apps:
                    self.assertIn(f"local/{project}/{app}", said)
                self.assertNotIn("error", said)
        status = json.loads(self.daemon.cli("status", "-o", "json").stdout)
        text = json.dumps(status)
        for project, apps in APPS.values():
            for app in apps:
                self.assertIn(f"local/{project}/{app}", text)

    def test_2_what_a_few_lines_become(self):
        clone = Path(self.folder.name) / "gitops"
        self.daemon.git("clone", "-q", "-b", "deploy", f"{self.daemon.url}/git/gitops.git", clone)
        for sample, (project, apps) in APPS.items():
            spec = [line for line in (SAMPLES / sample / "autonomous.yaml").read_text().splitlines() if line.strip() and not line.strip().startswith("#")]
            made = [file for app in apps for file in self.manifests(clone, f"local/{project}/{app}")]
            lines = sum(len(file.read_text().splitlines()) for file in made)
            print(f"{sample}: {len(spec)} lines become {len(made)} resources of {lines} lines")
            self.assertGreaterEqual(len(made), 2 * len(apps) if sample not in ("helm-app", "manifests") else 2)

    def test_3_the_history_is_whole(self):
        clone = Path(self.folder.name) / "for-the-auditor"
        self.daemon.git("clone", "-q", f"{self.daemon.url}/git/gitops.git", clone)
        self.daemon.cli("audit", "--repo", clone)

    def test_4_the_platform_sample_is_taken(self):
        clone = Path(self.folder.name) / "platform"
        self.daemon.git("clone", "-q", "-b", "main", f"{self.daemon.url}/git/gitops.git", clone)
        shutil.copytree(SAMPLES / "platform", clone, dirs_exist_ok=True)
        # The sample's neighbours don't run here, and its source is elsewhere.
        text = (clone / "platform.yaml").read_text()
        text = "".join(line for line in text.splitlines(True) if not re.match(" *instances:|  (argocd|cluster): ", line))
        text = text.replace("{source: https://git.example.com/acme/shop.git, owners: [group:shop]}", "{owners: [group:shop]}")
        (clone / "platform.yaml").write_text(text)
        self.daemon.git("add", ".", cwd=clone)
        self.daemon.git("commit", "-qm", "Three environments", cwd=clone)
        self.daemon.git("push", "-q", "origin", "HEAD:main", cwd=clone)
        self.daemon.until("staging knows the shop", lambda: "staging/shop/web" in self.daemon.cli("status", check=False).stdout)
        said = self.daemon.cli("config", "staging/shop/web").stdout
        self.assertIn("scale", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
