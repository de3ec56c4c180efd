#!/usr/bin/env python3
"""Import: what another GitOps repository runs becomes a project here, and the first release of each target is exactly what ran.

usage: AUTONOMOUS=path/to/autonomous import_test.py [unittest's arguments]
"""
import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from local_test import PROGRAM, Daemon

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {0}, labels: {{app: {0}}}}}
spec:
  replicas: {1}
  selector: {{matchLabels: {{app: {0}}}}}
  template:
    metadata: {{labels: {{app: {0}}}}}
    spec: {{containers: [{{name: {0}, image: "registry.example.com/{0}:1"}}]}}
"""

APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {0}, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}}
spec:
  project: default
  destination: {{server: "https://kubernetes.default.svc", namespace: {1}}}
  source:
    repoURL: https://git.example.com/acme/gitops.git
    targetRevision: HEAD
    path: {2}
{3}"""

CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n",
    "charts/web/values.yaml": "replicas: 1\nlevel: info\n",
    "charts/web/templates/web.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}, labels: {helm.sh/chart: web-1.2.3}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1", env: [{name: LEVEL, value: {{ .Values.level | quote }}}]}]}
""",
    "values/production.yaml": "replicas: 4\n",
}


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="autonomous-import-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def tree(self, name, files):
        for path, text in files.items():
            file = self.folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return self.folder / name

    def cli(self, *argv):
        done = subprocess.run([PROGRAM, "import", *map(str, argv)], cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=120)
        return done.returncode, done.stdout

    def applications(self):
        apps = {
            "argocd/root.yaml": APPLICATION.format("root", "argocd", "argocd", ""),
            "argocd/web.yaml": APPLICATION.format("web", "shop-production", "charts/web", "    helm: {valueFiles: [../../values/production.yaml], valuesObject: {level: warn}}\n"),
            "argocd/api-production.yaml": APPLICATION.format("api-production", "shop-production", "apps/api/production", ""),
            "argocd/api-staging.yaml": APPLICATION.format("api-staging", "shop-staging", "apps/api/staging", ""),
            "argocd/page-staging.yaml": APPLICATION.format("page-staging", "shop-staging", "charts/web", ""),
            "argocd/far.yaml": APPLICATION.format("far-production", "other", "apps/api/production", ""),
            "argocd/tuned.yaml": APPLICATION.format("tuned-production", "shop-production", "apps/tuned", ""),
            "argocd/many.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: many}\nspec: {}\n",
            "apps/tuned/kustomization.yaml": "resources: [a.yaml]\n",
            "apps/api/production/app.yaml": DEPLOYMENT.format("api", 3),
            "apps/api/staging/app.yaml": DEPLOYMENT.format("api", 1),
        }
        return self.tree("gitops", apps | CHART)

    def listing(self, folder):
        return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}

    def test_a_dry_run_tells_all_and_writes_nothing(self):
        source = self.applications()
        before = self.listing(source)
        status, said = self.cli(source, "-p", "shop")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"production/shop/web +chart +1 +shop-production")
        self.assertRegex(said, r"production/shop/api +manifests +1 +shop-production")
        self.assertRegex(said, r"staging/shop/page +rendered manifests +1 +shop-staging")
        self.assertIn("because its Helm release is called page-staging, and the app page", said)
        self.assertIn("note Application root (argocd/root.yaml:1) only makes Applications", said)
        self.assertIn("not taken: ApplicationSet many (argocd/many.yaml:1): it makes Applications in the cluster", said)
        self.assertIn("it goes to the namespace other, and the others of production to shop-production", said)
        self.assertIn("it is built with kustomize", said)
        self.assertIn("argocd app manifests tuned-production", said)
        self.assertIn("Nothing was written", said)
        self.assertEqual(self.listing(source), before, "the source was touched")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["gitops"])

    def test_what_is_written_releases_to_what_ran(self):
        source = self.applications()
        before = self.listing(source)
        status, said = self.cli(source, "-p", "shop", "--to", "new")
        self.assertIn("argocd app delete api-production --cascade=false", said)
        self.assertNotIn("app delete root", said)
        self.assertIn("kubectl -n shop-production annotate -f new/objects/production-web.yaml argocd.argoproj.io/tracking-id-", said)
        self.assertEqual(self.listing(source), before, "the source was touched")
        self.assertIn("is not empty", self.cli(source, "-p", "shop", "--to", "new")[1])
        self.assertIn("is not touched", self.cli(source, "-p", "shop", "--to", source / "here")[1])
        daemon = Daemon(self.folder)
        daemon.start()
        self.addCleanup(daemon.stop)
        main = self.folder / "main"
        daemon.git("clone", "-q", "-b", "main", f"{daemon.url}/git/gitops.git", main)
        shutil.copy(self.folder / "new" / "gitops" / "platform.yaml", main)
        daemon.git("commit", "-qam", "Import", cwd=main)
        daemon.git("push", "-q", "origin", "main", cwd=main)
        project = self.folder / "new" / "shop"
        daemon.git("init", "-q", "-b", "main", cwd=project)
        daemon.git("add", "-A", cwd=project)
        daemon.git("commit", "-qm", "Import shop", cwd=project)
        said = daemon.git("push", f"{daemon.url}/git/shop.git", "main", cwd=project)
        rows = daemon.rows()
        self.assertEqual(sorted(rows), ["production/shop/api", "production/shop/web", "staging/shop/api", "staging/shop/page"], said)
        self.assertEqual({row["release"] for row in rows.values()}, {1}, said)
        # What runs here is what ran there.
        for target, text in (("production/shop/api", DEPLOYMENT.format("api", 3)), ("staging/shop/api", DEPLOYMENT.format("api", 1)),
                             ("production/shop/web", self.rendered("web", "shop-production", "-f", source / "values/production.yaml", "--set", "level=warn")),
                             ("staging/shop/page", self.rendered("page-staging", "shop-staging"))):
            files = daemon.gitops("ls-tree", "-r", "--name-only", "deploy", f"apps/{target}/manifests/").split()
            self.assertEqual(len(files), 1, target)
            self.assertEqual(daemon.gitops("show", f"deploy:{files[0]}").strip(), text.strip(), target)

    def rendered(self, name, ns, *more):
        text = subprocess.run([PROGRAM, "render", name, str(self.folder / "gitops/charts/web"), "-n", ns, *map(str, more)], check=True, text=True, stdout=subprocess.PIPE).stdout
        return "\n".join(line for line in text.splitlines() if line != "---" and not line.startswith("# Source:"))

    def test_a_kuberpult_repository(self):
        source = self.tree("pult", {
            "environments/staging/config.json": json.dumps({"upstream": {"latest": True}, "argocd": {"destination": {"server": "https://stg.example.com", "namespace": "web-stg"}}}),
            "environments/staging/applications/web/manifests/manifests.yaml": DEPLOYMENT.format("web", 1),
            "environments/staging/applications/web/version": "3",
            "environments/production/config.json": json.dumps({"upstream": {"environment": "staging"}, "argocd": {"destination": {"name": "prod", "namespace": "web-prod"}}}),
            "environments/production/applications/web/manifests/manifests.yaml": DEPLOYMENT.format("web", 5),
            "applications/web/releases/3/environments/staging/manifests.yaml": DEPLOYMENT.format("web", 1)})
        status, said = self.cli(source, "-p", "shop", "-o", "json")
        answer = json.loads(said)
        self.assertEqual(status, 0, said)
        self.assertEqual([(app["target"], app["namespace"], app["application"]) for app in answer["apps"]],
                         [("production/shop/web", "web-prod", "production-web"), ("staging/shop/web", "web-stg", "staging-web")])
        self.assertIn("namespace: web-prod\n    cluster: prod\n", answer["platform"])
        self.assertIn("locks, queues", answer["notes"][0])
        self.assertFalse(answer["written"])

    def test_folders_of_manifests(self):
        source = self.tree("live", {"apps/web/web.yaml": DEPLOYMENT.format("web", 1), "apps/api/overlays/api.yaml": DEPLOYMENT.format("api", 2),
                                    "apps/leak/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: leak}\nstringData: {a: b}\n"})
        status, said = self.cli(source, "-p", "shop", "-e", "local")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"local/shop/web +manifests +1 +shop-local")
        self.assertRegex(said, r"local/shop/api +rendered manifests +1 +shop-local")
        self.assertIn("not taken: apps/leak: ", said)
        self.assertIn("Secret", said)
        status, said = self.cli(self.tree("empty", {"README.md": "nothing"}))
        self.assertEqual(status, 3, said)
        self.assertIn("there is nothing to import", said)
        self.assertIn("push it as it is", self.cli(self.tree("ours", {"autonomous.yaml": "version: 1"}))[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
