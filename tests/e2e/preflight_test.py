#!/usr/bin/env python3
"""Preflight: what would fail after the commit is said before it, with the line to add. Images lie in a real registry, secrets in a real OpenBao.

usage: AUTONOMOUS=path/to/autonomous preflight_test.py [unittest's arguments]
"""
import hashlib
import json
import shutil
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

from local_test import Daemon, Project

BED = Path(__file__).resolve().parents[1] / "support" / "bed" / "bed"


class Preflight(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-preflight-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        env = {}
        for part in ("registry", "openbao"):
            subprocess.run([BED, "up", cls.folder / part, part], check=True)
            cls.addClassCleanup(subprocess.run, [BED, "down", cls.folder / part], check=False)
            env |= dict(line.split("=", 1) for line in (cls.folder / part / "env").read_text().splitlines())
        cls.registry, cls.vault, cls.root = env["REGISTRY"], env["VAULT_ADDR"], env["VAULT_TOKEN"]
        cls.ask_vault("sys/policies/acl/names", {"policy": 'path "secret/subkeys/staging/*" { capabilities = ["read"] }'})
        token = cls.folder / "vault-token"
        token.touch(0o600)
        token.write_text(cls.ask_vault("auth/token/create", {"policies": ["names"], "no_default_policy": False})["auth"]["client_token"] + "\n")
        config = cls.folder / "daemon.yaml"
        config.write_text(f"version: 1\ninstances: {{store: {{credential: {{file: {token}}}}}}}\n")
        cls.daemon = d = Daemon(cls.folder)
        d.start("--config", str(config))
        cls.addClassCleanup(d.stop)
        main = cls.folder / "main"
        d.git("clone", "-q", "-b", "main", f"{d.url}/git/gitops.git", main)
        (main / "platform.yaml").write_text("version: 1\ninstances:\n  images: {kind: registry, url: \"http://" + cls.registry + "\"}\n"
                                            "  store: {kind: openbao, url: \"" + cls.vault + "\"}\n  away: {kind: vault, url: \"http://127.0.0.1:1\"}\n"
                                            "projects: {tight: {quota: {local: {cpu: 500m}}}}\nenvironments:\n  local: {from: branch main}\n"
                                            "  staging: {from: branch staging, instances: [store], secrets: \"secret/{env}/{project}/{app}\"}\n"
                                            "  remote: {from: branch remote, instances: [away], secrets: \"secret/{env}/{project}/{app}\"}\n")
        d.git("commit", "-qam", "Look at images", cwd=main)
        d.git("push", "-q", "origin", "main", cwd=main)

    @classmethod
    def ask_vault(cls, path, body):
        request = urllib.request.Request(f"{cls.vault}/v1/{path}", data=json.dumps(body).encode(), method="POST", headers={"X-Vault-Token": cls.root})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    @classmethod
    def put(cls, url, body, kind):
        request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": kind})
        urllib.request.urlopen(request, timeout=30).close()

    @classmethod
    def image(cls, name, tag, **config):
        """Pushes an image without layers; gives its reference."""
        def blob(body):
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            start = urllib.request.Request(f"http://{cls.registry}/v2/{name}/blobs/uploads/", data=b"", method="POST")
            with urllib.request.urlopen(start, timeout=30) as answer:
                where = answer.headers["Location"]
            where = where if where.startswith("http") else f"http://{cls.registry}{where}"
            cls.put(where + ("&" if "?" in where else "?") + f"digest={digest}", body, "application/octet-stream")
            return {"digest": digest, "size": len(body), "mediaType": "application/vnd.oci.image.config.v1+json"}
        described = blob(json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "config": config}).encode())
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": described, "layers": []}
        cls.put(f"http://{cls.registry}/v2/{name}/manifests/{tag}", json.dumps(manifest).encode(), manifest["mediaType"])
        return f"{cls.registry}/{name}:{tag}"

    def push(self, name, apps, subject="Change", files=None, branch="main"):
        project = getattr(self, "_" + name, None) or Project(self.daemon, name)
        setattr(self, "_" + name, project)
        return project.write({"autonomous.yaml": f"version: 1\nproject: {name}\napps:\n{apps}", **(files or {})}).push(subject, branch=branch)

    def manifests(self, target):
        return self.daemon.gitops("ls-tree", "-r", "--name-only", "deploy", f"apps/{target}/", check=False)

    def test_the_image_itself_is_asked(self):
        root = self.image("shop/web", "1", ExposedPorts={"3000/tcp": {}})
        said = self.push("shop", f"  web: {{image: \"{root}\", port: 8080}}\n", "An image that runs as root")
        self.assertIn("runs as root, and Deployment/web asks for runAsNonRoot", said)
        self.assertIn("security: {user: 1000}", said)
        self.assertIn("autonomous.yaml:4", said)
        self.assertEqual(self.manifests("local/shop/web"), "", "something was committed")
        self.assertIn("runs as root", self.daemon.rows()["local/shop/web"]["why"])
        self.assertIn("runs as root", self.daemon.cli("why", "local/shop/web").stdout)
        said = self.push("shop", f"  web: {{image: \"{root}\", port: 8080, security: {{user: 1000}}}}\n", "As somebody")
        self.assertIn("warning: the image", said)
        self.assertIn("listens on 3000", said)
        self.assertIn("deployment.apps-web.yaml", self.manifests("local/shop/web"))
        plain = self.image("shop/web", "2", User="1000", ExposedPorts={"8080/tcp": {}})
        said = self.push("shop", f"  web: {{image: \"{plain}\", port: 8080}}\n", "One that is right")
        self.assertNotIn("listens on", said)
        self.assertIn("release 2", said)
        said = self.push("shop", f"  web: {{image: \"{self.registry}/shop/web:none\", port: 8080}}\n", "One that is not there")
        self.assertIn("is not in the registry", said)
        self.assertEqual(self.daemon.rows()["local/shop/web"]["release"], 2)

    def test_what_nobody_can_check_is_said(self):
        said = self.push("far", "  web: {image: registry.example.com/far/web:1, port: 8080, secrets: [KEY]}\n")
        self.assertIn("not checked: images of registry.example.com (no instance of kind registry)", said)
        self.assertIn("whether the store has the secrets (local names no instance of kind vault)", said)
        self.assertIn("release 1", said)

    def test_secrets_that_no_store_has(self):
        app = ("  web:\n    image: registry.example.com/web:1\n    port: 8080\n    secrets:\n"
               "      STRIPE_KEY: secret/staging/safe/web\n      MAIL: secret/staging/mail#password\n")
        said = self.push("safe", app, branch="staging")
        self.assertIn("autonomous.yaml:8:7: secrets.STRIPE_KEY: secret/staging/safe/web is not there (store)", said)
        self.assertIn("vault kv put -mount=secret staging/safe/web STRIPE_KEY=", said)
        self.assertIn("autonomous.yaml:9:7: secrets.MAIL: secret/staging/mail is not there (store)", said, "all at once")
        self.assertEqual(self.manifests("staging/safe/web"), "", "something was committed")
        self.ask_vault("secret/data/staging/safe/web", {"data": {"STRIPE_KEYS": "sk_hidden"}})
        self.ask_vault("secret/data/staging/mail", {"data": {"password": "mail_hidden"}})
        said = self.push("safe", app, "Again", branch="staging")
        self.assertIn("has no key 'STRIPE_KEY' (store)", said)
        self.assertIn("did you mean STRIPE_KEY: secret/staging/safe/web#STRIPE_KEYS?", said)
        self.assertNotIn("secrets.MAIL", said)
        self.ask_vault("secret/data/staging/safe/web", {"data": {"STRIPE_KEY": "sk_hidden"}})
        said = self.push("safe", app, "And again", branch="staging")
        self.assertIn("release 1", said)
        self.assertNotIn("secrets.", said)
        said = self.push("safe", app.replace("secret/staging/mail", "secret/other/mail"), "Where we may not look", branch="staging")
        self.assertIn("warning: whether store has the secret MAIL (secret/other/mail) is not known", said)
        self.assertIn('path "secret/subkeys/other/mail" { capabilities = ["read"] }', said)
        self.assertIn("release 2", said)
        said = self.push("safe", app, "A store that is away", branch="remote")
        self.assertIn("whether away has the secret MAIL (secret/staging/mail) is not known", said)
        self.assertIn("release 1", said)
        for where in (self.daemon.state, self.folder / "daemon.log"):
            found = subprocess.run(["grep", "-r", "_hidden", where], capture_output=True, check=False)
            self.assertEqual(found.returncode, 1, "a secret's value came here")

    def test_a_host_is_one_apps(self):
        routes = "  web: {{image: registry.example.com/{0}/web:1, port: 8080, routes: {{{1}: {2}}}}}\n"
        self.assertIn("release 1", self.push("first", routes.format("first", "a.example.com", "/")))
        said = self.push("second", routes.format("second", "a.example.com", "/"))
        self.assertIn("a.example.com/ is taken by local/first/web (Ingress/web)", said)
        self.assertNotIn("which is on its way", said, "it is out")
        self.assertEqual(self.manifests("local/second/web"), "")
        self.assertIn("release 1", self.push("second", routes.format("second", "a.example.com", "/api")))
        self.assertIn("release 2", self.push("first", routes.format("first", "b.example.com", "/")))
        self.assertIn("release 2", self.push("second", routes.format("second", "a.example.com", "/")), "the host is free again")

    def test_two_of_one_push_want_the_same_host(self):
        app = "  {0}: {{image: registry.example.com/{0}:1, port: 8080, routes: {{one.example.com: {1}}}}}\n"
        said = self.push("both", app.format("api", "/") + app.format("web", "/"))
        rows = {name: self.daemon.rows()[f"local/both/{name}"] for name in ("api", "web")}
        self.assertEqual(sorted(row.get("release", 0) for row in rows.values()), [0, 1], said)
        first, second = sorted(rows, key=lambda name: -rows[name].get("release", 0))
        self.assertIn(f"one.example.com/ is taken by local/both/{first} (Ingress/{first}), which is on its way", said)
        self.assertIn(f"autonomous.yaml:{4 if second == 'api' else 5}", said)
        self.assertEqual(self.manifests(f"local/both/{second}"), "", "something was committed")
        apps = {name: app.format(name, "/" if name == first else "/two") for name in ("api", "web")}
        self.push("both", apps["api"] + apps["web"], "Give each its path")
        self.assertEqual(self.daemon.rows()[f"local/both/{second}"]["release"], 1)

    def test_two_of_one_push_share_a_quota(self):
        app = "  {0}: {{image: registry.example.com/{0}:1, port: 8080, resources: {{cpu: {1}, memory: 16Mi}}, scale: 1}}\n"
        said = self.push("tight", app.format("api", "200m") + app.format("web", "200m"))
        rows = {name: self.daemon.rows()[f"local/tight/{name}"] for name in ("api", "web")}
        self.assertEqual(sorted(row.get("release", 0) for row in rows.values()), [0, 1], said)
        first, second = sorted(rows, key=lambda name: -rows[name].get("release", 0))
        self.assertIn(f"Deployment/{second}: asks for 0.4 cpu; 1 other app has 0.2, and the namespace may have 500m", said)
        self.assertIn(f"on their way: tight/{first}", said)
        self.assertEqual(self.manifests(f"local/tight/{second}"), "", "something was committed")
        self.push("tight", app.format("api", "100m") + app.format("web", "100m"), "Ask for less")
        self.assertEqual([self.daemon.rows()[f"local/tight/{name}"]["release"] for name in (first, second)], [2, 1])

    def test_what_kubernetes_lets_nobody_change(self):
        def app(label):
            return {"k8s/app.yaml": f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: {label}}}}}\n"
                                    f"  template:\n    metadata: {{labels: {{app: {label}}}}}\n    spec: {{containers: [{{name: web, image: \"registry.example.com/w:1\"}}]}}\n"}
        self.assertIn("release 1", self.push("fixed", "  web: {manifests: k8s}\n", files=app("one")))
        said = self.push("fixed", "  web: {manifests: k8s}\n", files=app("two"))
        self.assertIn("Deployment/web: spec.selector would change", said)
        self.assertIn("kubectl delete deployment web --cascade=orphan", said)
        self.assertEqual(self.daemon.rows()["local/fixed/web"]["release"], 1)

    def test_a_difference_says_what_becomes_of_volumes(self):
        def files(size, more=""):
            return {"k8s/db.yaml": f"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db{more}}}\nspec:\n  serviceName: db\n  selector: {{matchLabels: {{app: db}}}}\n"
                                   "  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: \"registry.example.com/db:1\"}]}}\n"
                                   f"  volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{resources: {{requests: {{storage: {size}}}}}}}}}]\n"}
        self.assertIn("release 1", self.push("grow", "  db: {manifests: k8s}\n", files=files("5Gi")))
        self.assertEqual(self.daemon.cli("diff", "local/grow/db").returncode, 0)
        self.assertIn("lets no set change its claims", self.push("grow", "  db: {manifests: k8s}\n", files=files("8Gi")))
        said = self.daemon.cli("diff", "local/grow/db", check=False)
        self.assertEqual(said.returncode, 1)
        self.assertIn("✗ it would be refused: manifests/statefulset.apps-db.yaml:1:1: StatefulSet db: volume data grows from 5Gi to 8Gi", said.stdout)
        self.assertIn("kubectl -n NAMESPACE delete statefulset db --cascade=orphan", said.stdout)
        self.push("grow", "  db: {manifests: k8s}\n", files=files("8Gi", ", annotations: {autonomous/volumes: by-hand}"))
        said = self.daemon.cli("diff", "local/grow/db", "--from", "1", "--to", "2", "-o", "markdown")
        self.assertIn("**Before you merge**\n\n- StatefulSet db: volume data grows from 5Gi to 8Gi: by hand", said.stdout)
        self.assertEqual(json.loads(self.daemon.cli("diff", "local/grow/db", "--from", "2", "--to", "1", "-o", "json", check=False).stdout)["refused"][0].count("cannot shrink"), 1)

    def test_a_rollback_says_what_stays(self):
        app = "  api: {{image: registry.example.com/api:{0}, port: 8080, release: ./migrate}}\n"
        for version in (1, 2):
            self.assertIn(f"release {version}", self.push("back", app.format(version)))
        self.daemon.cli("rollback", "local/back/api", "--to", "1", "--because", "checkout fails", "--yes")
        self.assertIn("Job/api-release of the release that is left ran", self.daemon.gitops("log", "-1", "--format=%B", "deploy"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
