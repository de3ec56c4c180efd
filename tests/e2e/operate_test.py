#!/usr/bin/env python3
"""Operating the daemon: reload, stop, repair, doctor, and what it never says. The real program and the real git.

usage: AUTONOMOUS=path/to/autonomous operate_test.py [unittest's arguments]
"""
import base64
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

from local_test import PATIENCE, PROGRAM, SPEC, Daemon, Project


class Supervisor:
    """The socket on which systemd would hear the daemon. Read all the time, as systemd does: a full one would block who speaks."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(daemon.folder / "notify"))
        self.messages = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        daemon.env |= {"NOTIFY_SOCKET": str(daemon.folder / "notify"), "WATCHDOG_USEC": "3000000"}

    def read(self):
        while message := self.socket.recv(65536):
            self.messages.put(message.decode())

    def hear(self, word):
        """The first message that holds the word; the watchdog's are passed over."""
        while True:
            message = self.messages.get(timeout=PATIENCE)
            if word in message:
                return message

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.socket.close()


class Operated(unittest.TestCase):
    """A daemon of its own for each test, with a daemon.yaml and a supervisor."""

    config = ""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="autonomous-operate-")
        self.daemon = Daemon(self.folder)
        self.supervisor = Supervisor(self.daemon)
        self.file = self.daemon.folder / "daemon.yaml"
        self.file.write_text(self.config)

    def tearDown(self):
        if self.daemon.process and self.daemon.alive():
            self.daemon.stop()
        self.supervisor.close()
        shutil.rmtree(self.folder)

    def start(self, *more):
        self.daemon.start("--config", str(self.file), *more)
        self.supervisor.hear("READY=1")

    def log(self):
        return (self.daemon.folder / "daemon.log").read_text()

    def ask(self, path, token=None, body=None):
        """HTTP status and text."""
        request = urllib.request.Request(self.daemon.url + path, data=None if body is None else json.dumps(body).encode())
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def push(self, name, level="info", subject="Change"):
        project = Project(self.daemon, name) if not (self.daemon.folder / "src" / name).exists() else self.projects[name]
        self.projects = getattr(self, "projects", {}) | {name: project}
        return project.write({"autonomous.yaml": SPEC.format(project=name, level=level)}).push(subject)


class Reload(Operated):
    config = "log: json\n"

    def test_a_changed_file_is_taken_over_and_a_wrong_one_is_not(self):
        d = self.daemon
        self.start()
        self.assertEqual(self.ask("/api/v1/status", "first-token-of-ci")[0], 401)
        token = d.folder / "token"
        token.write_text("first-token-of-ci\n")
        token.chmod(0o600)
        self.file.write_text(f"log: json\nhosting: {{tokens: {{ci: {token}}}}}\n")
        d.process.send_signal(signal.SIGHUP)
        self.supervisor.hear("RELOADING=1")
        self.supervisor.hear("READY=1")
        self.assertEqual(self.ask("/api/v1/status", "first-token-of-ci")[0], 200)

        # A wrong file changes nothing, and is told where people look.
        self.file.write_text("log: json\nhosting: {tokns: {}}\nlisten: nowhere\n")
        d.process.send_signal(signal.SIGHUP)
        self.assertIn("the configuration file is wrong", self.supervisor.hear("READY=1"))
        self.assertEqual(self.ask("/api/v1/status", "first-token-of-ci")[0], 200)
        told = d.cli("doctor", check=False)
        self.assertEqual(told.returncode, 1)
        for words in ("daemon.yaml:2:11", "did you mean 'tokens'", "daemon.yaml:3:9", "the one before is in force"):
            self.assertIn(words, told.stdout)
        self.assertIn("the one before stays in force", self.log())

        # It is read again by itself when it changes, without a signal; a token that rotates isn't even that.
        self.file.write_text(f"log: json\nhosting: {{tokens: {{ci: {token}}}}}\nsources: {{poll: 7s}}\npublic_url: https://a.example.com\n")
        self.supervisor.hear("RELOADING=1")
        self.supervisor.hear("READY=1")
        self.assertIn("public_url was changed, and is not in force yet", d.cli("doctor", check=False).stdout)
        token.write_text("second-token-of-ci\n")
        self.assertEqual(self.ask("/api/v1/status", "second-token-of-ci")[0], 200)
        self.assertEqual(self.ask("/api/v1/status", "first-token-of-ci")[0], 401)

        self.assertEqual(d.stop(), 0)
        self.supervisor.hear("STOPPING=1")
        for line in self.log().splitlines():
            self.assertIn("level", json.loads(line))

    def test_the_watchdog_is_fed(self):
        self.start()
        self.supervisor.hear("WATCHDOG=1")

    def test_each_line_names_its_target_and_release(self):
        self.start()
        self.push("shop")
        self.assertEqual(self.daemon.stop(), 0)
        lines = [json.loads(line) for line in self.log().splitlines()]
        for message in ("released", "unverified: nothing reconciles the environment local, so nothing tells whether it works"):
            of = {line["target"]: line["release"] for line in lines if line["message"] == message}
            self.assertEqual(of, {"local/shop/api": "1", "local/shop/web": "1"}, message)


class Secrets(Operated):
    TOKEN = "a-token-that-nobody-may-read"

    def test_a_token_is_nowhere_to_be_read(self):
        d = self.daemon
        token = d.folder / "token"
        token.write_text(self.TOKEN)
        self.file.write_text(f"log: {{level: debug}}\nhosting: {{tokens: {{ci: {token}}}}}\nsources: {{credentials: {{127.0.0.1: {token}}}}}\n")
        self.start()
        said = []
        shop = Project(d, "shop").write({"autonomous.yaml": SPEC.format(project="shop", level="info")})
        d.git("add", "-A", cwd=shop.folder)
        d.git("commit", "-qm", "Open the shop", cwd=shop.folder)
        header = base64.b64encode(f"ci:{self.TOKEN}".encode()).decode()
        pushed = d.run("git", "-c", f"http.extraHeader=Authorization: Basic {header}", "push", f"{d.url}/git/shop.git", "HEAD:main", cwd=shop.folder)
        said.append(pushed.stdout)
        self.assertIn("release 1", pushed.stdout)
        self.assertIn("token ci", d.gitops("log", "-1", "--format=%B", "deploy"))
        said.append(self.ask("/api/v1/status", self.TOKEN)[1])
        said.append(self.ask("/api/v1/targets/local/shop/web/hold", self.TOKEN, {"because": f"the token is {self.TOKEN}"})[1])
        said.append(d.cli("connect", "away", f"http://127.0.0.1:1/{'x' * 8}.git", "--yes", check=False).stdout)
        said.append(d.cli("connect", "gone", f"https://ci:{self.TOKEN}@git.example.com/a.git", "--yes", check=False).stdout)
        said += [d.cli(*words, check=False).stdout for words in (["doctor"], ["status"], ["show", "local/shop/web"], ["why", "local/shop/web"])]
        self.assertEqual(d.stop(), 0)
        everything = "\n".join(said) + self.log()
        self.assertNotIn(self.TOKEN, everything)
        self.assertNotIn(header, everything)
        self.assertIn("***", d.gitops("show", "autonomous/ledger/deploy:local/shop/web/000001.jsonl"))
        self.assertNotIn(self.TOKEN, d.gitops("log", "-p", "--all", "--format=%B"))
        self.assertNotIn(self.TOKEN, d.gitops("for-each-ref", "--format=%(contents)"))


class Stop(Operated):
    def test_a_push_in_hand_is_finished(self):
        d = self.daemon
        remote = d.folder / "remote.git"
        d.git("init", "-q", "--bare", remote)
        self.file.write_text(f"gitops: {{url: 'file://{remote}'}}\nsources: {{allow_file_urls: true}}\n")
        self.start()
        reached, go = d.folder / "reached", d.folder / "go"
        os.mkfifo(reached)
        os.mkfifo(go)
        hook = remote / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nrm -f {hook}\necho here >{reached}\nread word <{go}\n")
        hook.chmod(0o755)
        shop = Project(d, "shop").write({"autonomous.yaml": SPEC.format(project="shop", level="info")})
        d.git("add", "-A", cwd=shop.folder)
        d.git("commit", "-qm", "Open the shop", cwd=shop.folder)
        pusher = subprocess.Popen(["git", "push", f"{d.url}/git/shop.git", "HEAD:main"], cwd=shop.folder, env=d.env, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(reached.read_text(), "here\n")  # the daemon's push to the remote is under way
        d.process.send_signal(signal.SIGTERM)
        self.supervisor.hear("STOPPING=1")
        go.write_text("go\n")
        self.assertEqual(d.process.wait(PATIENCE), 0, self.log())
        said = pusher.communicate(timeout=PATIENCE)[0]
        self.assertEqual(pusher.returncode, 0, said)  # the source push was accepted, whatever the pusher heard of the rest
        # What was in hand is there, whole; the other app may not have been rendered yet.
        self.assertIn(d.git("--git-dir", remote, "rev-list", "--count", "--grep", "release 1", "deploy").strip(), ("1", "2"))
        # The next start goes on where this one ended: verified, tagged, and nothing twice.
        self.start()
        d.until("the outcomes are in the ledger", lambda: all(row["state"] == "unverified" for row in d.rows().values()) and len(d.rows()) == 2)
        self.assertEqual(d.git("--git-dir", remote, "tag").split(), ["release/local/shop/api/1", "release/local/shop/web/1"])
        self.assertEqual({row["release"] for row in d.rows().values()}, {1})

    def test_a_second_daemon_is_refused_with_the_pid_of_the_first(self):
        self.start()
        other = self.daemon.run(PROGRAM, "daemon", "--state", self.daemon.state, "--listen", "127.0.0.1:0", check=False)
        self.assertEqual(other.returncode, 1)
        self.assertIn(f"pid {self.daemon.process.pid}", other.stdout)


class Repair(Operated):
    def setUp(self):
        super().setUp()
        self.start()
        for level in ("one", "two"):
            self.assertIn("release", self.push("shop", level))

    def whole(self):
        clone = self.daemon.folder / f"clone{len(os.listdir(self.daemon.folder))}"
        self.daemon.git("clone", "-q", "--mirror", f"{self.daemon.url}/git/gitops.git", clone)
        return self.daemon.cli("audit", clone, check=False).stdout

    def test_tags_come_back_byte_for_byte(self):
        d = self.daemon
        before = d.gitops("for-each-ref", "refs/tags")
        d.gitops("update-ref", "-d", "refs/tags/release/local/shop/web/1")
        d.gitops("update-ref", "refs/tags/release/local/shop/web/2", d.gitops("rev-parse", "main").strip())
        self.assertIn("tag-m", self.whole())
        told = d.cli("repair", "--dry-run").stdout
        self.assertIn("local/shop/web  release 1  its tag is missing", told)
        self.assertIn("local/shop/web  release 2  its tag points elsewhere", told)
        self.assertNotEqual(d.gitops("for-each-ref", "refs/tags"), before)
        answer = json.loads(d.cli("repair", "-o", "json").stdout)
        self.assertEqual([(one["target"], one["release"]) for one in answer["affected"]], [("local/shop/web", 1), ("local/shop/web", 2)])
        self.assertEqual(d.gitops("for-each-ref", "refs/tags"), before)
        self.assertIn("The history is whole", self.whole())
        d.gitops("update-ref", "-d", "refs/tags/release/local/shop/api/1")
        self.assertIn("and is back", d.cli("tags", "restore", "api/1").stdout)
        self.assertIn("all is well", d.cli("tags", "restore", "--all").stdout)
        self.assertEqual(d.cli("tags", "restore", "local/shop/web/9", check=False).returncode, 3)

    def test_a_key_is_rotated_and_the_old_one_vouches_for_the_new_one(self):
        d, keys = self.daemon, self.daemon.state / "keys"
        d.until("the outcome is known", lambda: d.rows()["local/shop/web"]["state"] == "unverified")
        old = (keys / "signing.pub").read_text().split()[1]
        d.stop()
        (keys / "signing").rename(keys / "signing.old")
        self.start()
        new = (keys / "signing.pub").read_text().split()[1]
        self.assertNotEqual(new, old)
        self.assertIn("release 3", self.push("shop", "three"))
        entries = [(key["key"].split()[1], key.get("removed", False)) for key in d.ledger("_platform") if key["type"] == "key"]
        self.assertEqual(entries, [(old, False), (new, False), (old, True)])
        # The next start has the new one alone.
        d.until("the outcome is known", lambda: d.rows()["local/shop/web"]["state"] == "unverified")
        d.stop()
        (keys / "signing.old").unlink()
        self.start()
        self.assertIn("release 4", self.push("shop", "four"))
        d.until("the outcome is known", lambda: d.rows()["local/shop/web"]["state"] == "unverified")
        self.assertEqual(len([key for key in d.ledger("_platform") if key["type"] == "key"]), 3)
        # Whoever trusts the first key needs nothing else.
        signers = d.folder / "signers"
        signers.write_text(f'autonomous@localhost namespaces="git" ssh-ed25519 {old}\n')
        clone = d.folder / "audited"
        d.git("clone", "-q", "--mirror", f"{d.url}/git/gitops.git", clone)
        out = d.cli("audit", clone, "--allowed-signers", signers).stdout
        self.assertIn("The history is whole", out)
        signers.write_text(f'autonomous@localhost namespaces="git" ssh-ed25519 {new}\n')
        self.assertEqual(d.cli("audit", clone, "--allowed-signers", signers, check=False).returncode, 1, "the new one cannot vouch for what was before it")

    def test_a_rewritten_branch_waits_for_an_operator(self):
        d = self.daemon
        d.gitops("update-ref", "refs/heads/deploy", d.gitops("rev-parse", "release/local/shop/web/1^{commit}").strip())
        out = self.push("shop", "three")
        self.assertIn("was rewritten", out)
        # Nobody knows what runs: not even what changes nothing is told that it runs already.
        out = self.projects["shop"].push("Nothing changes")
        self.assertIn("was rewritten", out)
        self.assertIn("autonomous repair --accept-rewrite", out)
        self.assertIn("was rewritten", d.cli("why", "local/shop/web", check=False).stdout)
        self.assertIn("autonomous repair --accept-rewrite", d.cli("doctor", check=False).stdout)
        self.assertEqual(d.cli("repair", "--accept-rewrite", "--yes", check=False).returncode, 2)  # because what?
        self.assertEqual(d.stop(), 0)  # a restart does not forget it
        self.start()
        d.until("what is known can be looked at", lambda: len(d.rows()) == 2)
        d.cli("repair", "--accept-rewrite", "--yes", "--because", "restored from the backup of Monday")
        entries = [json.loads(line) for line in d.gitops("show", "autonomous/ledger/deploy:_platform/000001.jsonl").splitlines()]
        accepted = [entry for entry in entries if entry["type"] == "rewrite-accepted"]
        self.assertEqual([entry["because"] for entry in accepted], ["restored from the backup of Monday"])
        self.assertIn(f"uid {os.getuid()}", json.dumps(accepted[0]["by"]))
        # What runs is an earlier release again: a rollback by who accepted it, and held.
        self.assertRegex(self.push("shop", "four"), r"held behind 3 by .*: restored from the backup of Monday")
        self.assertIn("release 4", d.cli("resume", "local/shop/web", "--because", "it may go on").stdout)
        self.assertEqual(d.cli("repair", "--accept-rewrite", "--yes", "--because", "again", check=False).returncode, 1)  # nothing to accept
        self.assertNotIn("error", self.whole().splitlines()[-1])


class Doctor(Operated):
    def test_it_looks_by_itself_where_no_daemon_runs(self):
        d = self.daemon
        self.start()
        self.push("shop")
        self.assertEqual(d.cli("doctor").returncode, 0)
        self.assertEqual(d.stop(), 0)
        where = ["--state", d.state, "--config", self.file]
        told = d.cli("doctor", *where, "-o", "json", check=False)
        self.assertEqual(told.returncode, 5, told.stdout)
        checks = {check["name"]: check for check in json.loads(told.stdout)["checks"]}
        self.assertEqual([name for name, check in checks.items() if check["state"] == "failed"], ["daemon"], told.stdout)
        for name in ("file", "git", "render workers", "port", "signing key", "repository gitops.git", "repository shop.git", "platform.yaml"):
            self.assertIn(name, checks)
        self.assertEqual(checks["record"]["text"], "2 targets, 2 releases")

        # Each thing that can be wrong is named, with what to do.
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.file.write_text(f"listen: 127.0.0.1:{taken.getsockname()[1]}\nhosting: {{tokens: {{ci: /nowhere/token}}}}\n"
                                 "instances: {argo: {url: 'http://127.0.0.1:1', credential: /nowhere/argo}}\n")
            (d.state / "keys" / "signing").write_text("no key\n")
            for pack in (d.state / "repos" / "shop.git" / "objects").rglob("*"):
                if pack.is_file():
                    pack.chmod(0o600)
                    pack.write_bytes(b"garbage")
            told = d.cli("doctor", *where, check=False).stdout
        for words in ("is taken by another program", "file /nowhere/token: No such file", "✗ signing key", "✗ repository shop.git",
                      "restore it from a backup or a clone", "fix: "):
            self.assertIn(words, told)
        self.file.write_text("lisen: nowhere\n")
        told = d.cli("doctor", *where, check=False).stdout
        self.assertIn("did you mean 'listen'", told)
        self.assertIn("    ^", told)
        checked = d.cli("daemon", "--check", "--config", self.file, check=False)
        self.assertEqual(checked.returncode, 2)
        self.assertIn("did you mean 'listen'", checked.stdout)

    def test_check_follows_the_configuration_to_what_it_names(self):
        d = self.daemon
        self.file.write_text("version: 1\n")
        right = d.cli("daemon", "--check", "--config", self.file, "--state", d.folder / "s")
        self.assertIn("the configuration is right; nothing is wrong", right.stdout)
        self.assertFalse((d.folder / "s").exists(), "a look changes nothing")
        self.file.write_text("version: 1\ngitops: {url: http://127.0.0.1:1/gitops.git}\n")
        away = d.cli("daemon", "--check", "--config", self.file, "--state", d.folder / "s", check=False)
        self.assertEqual(away.returncode, 1)
        self.assertIn("error    gitops repository: ", away.stdout)
        self.assertIn("the configuration is right, but not all that it needs is there", away.stdout)
        self.file.write_text("version: 1\n")
        self.start()
        beside = d.cli("daemon", "--check", "--state", d.state)
        self.assertIn("ok       record: 0 targets", beside.stdout)


class Lint(Operated):
    """What people push to the GitOps repository themselves."""

    def test_what_has_no_place_on_deploy_is_refused_with_words(self):
        d = self.daemon
        self.start()
        self.push("shop")
        clone = d.folder / "clone"
        d.git("clone", "-q", "-b", "deploy", f"{d.url}/git/gitops.git", clone)
        target = clone / "apps" / "local" / "shop" / "web"

        def refused(subject, *words, branch="deploy", options=(), add=True):
            if add:
                d.git("add", "-A", cwd=clone)
            d.git("commit", "-q", "--allow-empty", "-m", subject, cwd=clone)
            done = d.run("git", "push", *options, "origin", f"HEAD:{branch}", cwd=clone, check=False)
            self.assertNotEqual(done.returncode, 0, done.stdout)
            for word in words:
                self.assertIn(word, done.stdout)
            d.git("reset", "-q", "--hard", "origin/deploy", cwd=clone)
            d.git("clean", "-qfdx", cwd=clone)

        (target / "link").symlink_to("/etc/passwd")
        refused("A link", "apps/local/shop/web/link is a link")
        d.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},apps/local/shop/web/dep", cwd=clone)
        refused("A submodule", "apps/local/shop/web/dep is a submodule", add=False)
        (target / "manifests" / "two\nlines.yaml").write_text("a: b\n")
        refused("A name", "is no name for a file here")
        (clone / "apps" / "local" / "Shop").mkdir()
        (clone / "apps" / "local" / "Shop" / "x.yaml").write_text("a: b\n")
        refused("No target", "apps/local/Shop/x.yaml", "apps/<environment>/<project>/<app>/")
        (clone / "secret.txt").write_text("a\n")
        refused("Elsewhere", "secret.txt", "has no place on deploy")
        # A link that comes and goes within one push stays in the history for ever.
        (target / "link").symlink_to("/etc/passwd")
        d.git("add", "-A", cwd=clone)
        d.git("commit", "-qm", "A link", cwd=clone)
        (target / "link").unlink()
        refused("And no link", "apps/local/shop/web/link is a link")
        d.git("reset", "-q", "--hard", "HEAD~1", cwd=clone)
        refused("Rewritten", "would lose commits", options=["--force"])
        done = d.run("git", "push", "origin", ":deploy", cwd=clone, check=False)
        self.assertIn("nothing in it is deleted", done.stdout)
        done = d.run("git", "push", "--force", "origin", "HEAD:refs/tags/release/local/shop/web/1", cwd=clone, check=False)
        self.assertIn("tags", done.stdout)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(d.gitops("fsck", "--strict", "--no-progress", "--no-dangling").strip(), "")
        # What has a place is taken: a hotfix is drift, and told so.
        (target / "manifests" / "configmap-x.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
        d.git("add", "-A", cwd=clone)
        d.git("commit", "-qm", "A hotfix", cwd=clone)
        self.assertIn("drift", d.run("git", "push", "origin", "HEAD:deploy", cwd=clone).stdout)
        # Whoever resumes says what becomes of it.
        hotfix = "apps/local/shop/web/manifests/configmap-x.yaml"
        done = d.cli("resume", "local/shop/web", "--because", "on we go", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--replace brings back what was released", done.stdout)
        d.cli("resume", "local/shop/web", "--keep", "--because", "it helps")
        self.assertIn("name: x", d.gitops("show", f"deploy:{hotfix}"))
        d.cli("resume", "local/shop/web", "--replace", "--because", "it is not needed any more")
        d.until("what was released is back", lambda: "configmap-x" not in d.gitops("ls-tree", "-r", "--name-only", "deploy"))
        d.until("it is told", lambda: "This replaces a change" in d.gitops("log", "-1", "--format=%B", "deploy", "--", "apps/local/shop/web"))


class Specs(Operated):
    def test_apps_are_bound_to_each_other(self):
        d = self.daemon
        self.start()
        spec = """version: 1
project: shop
apps:
  web:
    image: registry.example.com/web:1
    port: 8080
    env: {API_URL: {from: api.url}, API_HOST: {from: api.host}, API_PORT: {from: api.port}, CACHE: {from: cache.url}, DB: {from: db.url}, DB_USER: {from: db.user}}
  api: {image: registry.example.com/api:1, ports: {http: 9000, metrics: 9100}}
  db: {type: postgres, version: "16", size: 1Gi}
  cache: {type: redis, version: "7"}
"""
        out = Project(d, "shop").write({"autonomous.yaml": spec}).push("Bind")
        self.assertIn("local/shop/web  release 1", out.replace("remote: ", ""))
        env = d.gitops("show", "deploy:apps/local/shop/web/manifests/deployment.apps-web.yaml")
        told = d.gitops("show", "deploy:apps/local/shop/web/manifests/configmap-web-env.yaml")
        for name, value in {"API_URL": "http://api:9000", "API_HOST": "api", "API_PORT": "9000", "CACHE": "redis://cache:6379"}.items():
            self.assertIn(f'"{name}": "{value}"\n', told)
        for name, key in {"DB": "uri", "DB_USER": "user"}.items():
            self.assertRegex(env, rf"name: {name}\n +valueFrom:\n +secretKeyRef:\n +key: {key}\n +name: db-app\n")
        clone = d.folder / "clone"
        d.git("clone", "-q", f"{d.url}/git/gitops.git", clone)
        self.assertIn("every byte is the same", d.cli("verify", "local/shop/web/1", clone).stdout)

    def test_where_argo_cd_renders_it_gets_the_chart(self):
        d = self.daemon
        self.start()
        clone = d.folder / "main"
        d.git("clone", "-q", "-b", "main", f"{d.url}/git/gitops.git", clone)
        (clone / "platform.yaml").write_text("version: 1\nenvironments:\n  local: {from: branch main, mode: values}\n")
        d.git("commit", "-qam", "Let Argo CD render", cwd=clone)
        d.git("push", "-q", "origin", "main", cwd=clone)
        self.assertIn("release 1", self.push("shop"))
        files = d.gitops("ls-tree", "-r", "--name-only", "deploy", "apps/local/shop/web/").replace("apps/local/shop/web/", "").split()
        self.assertIn("chart/Chart.yaml", files)
        self.assertIn("chart/values.yaml", files)
        self.assertTrue(any(name.startswith("chart/templates/") for name in files), files)
        self.assertFalse(any(name.startswith("manifests/") for name in files), files)
        self.assertIn('mode: "values"\n', d.gitops("show", "deploy:apps/local/shop/web/release.yaml"))
        d.git("fetch", "-q", "origin", cwd=clone)
        self.assertIn("what it made of them is not proved", d.cli("verify", "local/shop/web/1", clone).stdout)
        out = Project(d, "plain").write({"k8s/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}).push("Plain")
        self.assertIn("it is plain manifests, and in local Argo CD renders", out)

    def test_many_apps_in_one_file(self):
        d = self.daemon
        self.start()
        apps = "".join(f"  a{i}: {{image: registry.example.com/a:1, port: 8080}}\n" for i in range(300))
        out = Project(d, "many").write({"autonomous.yaml": f"version: 1\nproject: many\napps:\n{apps}"}).push("Many")
        self.assertEqual(len(re.findall(r"release 1  released, unverified", out)), 300, out[-2000:])


if __name__ == "__main__":
    unittest.main(verbosity=2)
