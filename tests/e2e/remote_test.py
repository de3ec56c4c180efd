#!/usr/bin/env python3
"""Sources that live elsewhere, and a GitOps repository that does: http, https, ssh and files, and all that goes wrong with them.

usage: AUTONOMOUS=path/to/autonomous remote_test.py [sources|hostile|gitops|unittest's arguments]
"""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import zlib
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from git_servers import Certificates, HttpGit, Proxy, Sshd  # noqa: E402
from local_test import PATIENCE, PROGRAM, SPEC, Daemon, Project  # noqa: E402

TOKEN = "s3cr3t-t0ken-of-jane"
BOTH = """version: 1
project: {project}
apps:
  web: {{image: registry.example.com/web:1, port: 8080, env: {{LEVEL: "{level}"}}}}
  api: {{image: registry.example.com/api:1, port: 8080, env: {{LEVEL: "{level}"}}}}
"""


class Elsewhere(Project):
    """A source repository on another host: a bare repository that people push to, and one person's clone."""

    def __init__(self, daemon, name, root):
        super().__init__(daemon, name)
        self.bare = Path(root) / f"{name}.git"
        daemon.git("init", "-q", "--bare", "-b", "main", self.bare)

    def push(self, subject="Change", *options, branch="main"):
        self.daemon.git("add", "-A", cwd=self.folder)
        self.daemon.git("commit", "-q", "--allow-empty", "-m", subject, cwd=self.folder)
        self.daemon.git("push", "-q", *options, self.bare, f"HEAD:{branch}", cwd=self.folder)
        return self.head()

    def level(self, level, spec=SPEC):
        return self.write({"autonomous.yaml": spec.format(project=self.name, level=level)})

    @property
    def target(self):
        return f"local/{self.name}/web"


class Bed(unittest.TestCase):
    """What both halves share: one folder, its daemon, and what a test asks of it."""

    @classmethod
    def make(cls, config):
        cls.daemon.folder.joinpath("daemon.yaml").write_text(config)
        cls.daemon.start("--config", str(cls.daemon.folder / "daemon.yaml"))

    @classmethod
    def log(cls):
        return (cls.daemon.folder / "daemon.log").read_text(errors="replace")

    def until(self, what, condition):
        self.daemon.until(what, condition)

    def audited(self, url, *options):
        """What is said of a clone in which no tag is on its way any more: they follow the branches in a push of their own."""
        told = []

        def looked():
            clone = self.folder / f"auditor-{time.monotonic_ns()}"
            self.daemon.git("clone", "-q", url, clone)
            told.append(self.daemon.cli("audit", "--repo", clone, *options, check=False).stdout)
            return "tag-missing" not in told[-1]
        self.until("the tags are there", looked)
        return told[-1]

    def released(self, source, number, app="web"):
        target = f"local/{source.name}/{app}"
        self.until(f"{target} has release {number}", lambda: (self.daemon.rows().get(target) or {}).get("release") == number)

    def trouble(self, project):
        rows = json.loads(self.daemon.run("curl", "-sS", "--unix-socket", self.daemon.state / "autonomous.sock", "http://x/api/v1/projects").stdout)["projects"]
        return next((row.get("why", "") for row in rows if row["name"] == project), "")

    def until_trouble(self, project, words):
        self.until(f"{project}: {words}", lambda: words in self.trouble(project))
        return self.trouble(project)


class Sources(Bed):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-sources-"))
        cls.daemon = Daemon(cls.folder)
        cls.root = cls.folder / "elsewhere"
        cls.root.mkdir()
        cls.http = HttpGit(cls.root, users={"jane": TOKEN})
        cls.https = HttpGit(cls.root, users={"autonomous": TOKEN}, certificates=Certificates(cls.folder / "pki"))
        cls.untrusted = HttpGit(cls.root, certificates=cls.https.certificates)
        cls.ssh, cls.strange_ssh = Sshd(cls.folder / "ssh"), Sshd(cls.folder / "strange")
        cls.password, cls.token = cls.folder / "password", cls.folder / "token"
        cls.password.write_text(f"jane:{TOKEN}\n")
        cls.token.write_text(f"{TOKEN}\n")
        for secret in (cls.password, cls.token):
            secret.chmod(0o600)
        cls.make(f"""version: 1
sources:
  poll: 300ms
  allow_file_urls: true
  known_hosts: {cls.ssh.known_hosts}
  ca_files: {{"{cls.https.host()}": {cls.https.certificates.ca}}}
  credentials:
    "{cls.http.host()}": {cls.password}
    "{cls.https.host()}": {cls.token}
    127.0.0.1:{cls.ssh.port}: {cls.ssh.key}
    127.0.0.1:{cls.strange_ssh.port}: {cls.strange_ssh.key}
""")

    @classmethod
    def tearDownClass(cls):
        alive = cls.daemon.alive() and cls.daemon.stop() == 0
        for server in (cls.http, cls.https, cls.untrusted, cls.ssh, cls.strange_ssh):
            server.stop()
        log = cls.log()
        everything = b"".join(path.read_bytes() for path in (cls.folder / "state").rglob("*") if path.is_file())
        history = cls.daemon.run("git", "--git-dir", cls.folder / "state" / "repos" / "gitops.git", "log", "--all", "-p").stdout
        shutil.rmtree(cls.folder)
        assert alive, "the daemon did not live until the end:\n" + log[-3000:]
        for secret in (TOKEN, base64.b64encode(f"jane:{TOKEN}".encode()).decode()):
            assert secret not in log and secret not in history and secret.encode() not in everything, "a credential was written down"

    def connect(self, name, url, *more):
        return self.daemon.cli("connect", name, url, "--yes", *more)

    # ---- each way to reach one

    def follows(self, name, url):
        """Connected, released, pushed to, released again."""
        shop = Elsewhere(self.daemon, name, self.root)
        shop.level("one").push("One")
        self.connect(name, url)
        self.released(shop, 1)
        head = shop.level("two").push("Two")
        self.released(shop, 2)
        message = self.daemon.gitops("log", "-1", "--format=%B", "deploy", "--", f"apps/{shop.target}")
        self.assertIn(f"Source: {url} {head} refs/heads/main", message)
        self.assertIn("Requested-By: Jane Doe <jane@example.com> (commit, unverified)", message)
        return shop

    def test_http_and_what_a_poll_costs(self):
        shop = self.follows("byhttp", self.http.url("byhttp.git"))
        with self.http.lock:
            self.http.seen.clear()
        self.until("ten more looks", lambda: self.http.count()[0] >= 10)
        with self.http.lock:
            seen = [r for r in self.http.seen if "byhttp.git" in r["path"]]
        self.assertEqual({(r["method"], r["path"], r["status"]) for r in seen}, {("POST", "/byhttp.git/git-upload-pack", 200)})
        self.assertEqual(len({r["connection"] for r in seen}), 1, "one kept-alive connection a host")
        self.assertLess(max(r["sent"] for r in seen), 300)
        self.assertEqual({r["agent"] for r in seen}, {"git/2.39 autonomous"}, "nothing is fetched while nothing changed")
        # A second project on that host shares the connection.
        other = Elsewhere(self.daemon, "beside", self.root)
        other.level("one").push("One")
        self.connect("beside", self.http.url("beside.git"))
        self.released(other, 1)
        with self.http.lock:
            self.http.seen.clear()
        self.until("both are asked", lambda: {r["path"] for r in self.http.seen} >= {"/byhttp.git/git-upload-pack", "/beside.git/git-upload-pack"})
        self.assertEqual(self.http.count()[1], 1)
        self.assertEqual(self.daemon.rows()[shop.target]["release"], 2)

    def test_https_with_an_authority_of_ones_own(self):
        self.follows("byhttps", self.https.url("byhttps.git"))
        self.connect("nottrusted", self.untrusted.url("byhttps.git"))
        words = self.until_trouble("nottrusted", "certificate")
        self.assertIn(self.untrusted.host(), words)

    def test_ssh(self):
        self.follows("byssh", self.ssh.url(f"{self.root}/byssh.git"))

    def test_ssh_hosts_that_nobody_knows_are_refused(self):
        self.connect("strange", self.strange_ssh.url(f"{self.root}/byssh.git"))
        words = self.until_trouble("strange", "Host key verification failed")
        self.assertIn(f"ssh-keyscan -p {self.strange_ssh.port} 127.0.0.1", words)
        self.assertIn(str(self.ssh.known_hosts), words)
        self.assertIn("Host key verification failed", self.daemon.cli("doctor", check=False).stdout)

    def test_ssh_keys_that_a_host_does_not_take(self):
        good = self.ssh.key.read_bytes()
        shop = self.follows("wrongkey", self.ssh.url(f"{self.root}/wrongkey.git"))
        self.ssh.key.write_bytes(self.ssh.wrong_key.read_bytes())
        try:
            words = self.until_trouble("wrongkey", "Permission denied")
            self.assertIn("deploy key", words)
        finally:
            self.ssh.key.write_bytes(good)
        self.until("the key is right again", lambda: self.trouble("wrongkey") == "")
        shop.level("three").push("Three")
        self.released(shop, 3)

    def test_files_where_they_are_allowed(self):
        self.follows("byfile", f"file://{self.root}/byfile.git")

    # ---- what is refused at once

    def test_addresses_that_are_none(self):
        for url in ("ext::sh -c id", "ext::id", "-oProxyCommand=id", "--upload-pack=id", "git://example.com/x", "ssh://-oProxyCommand=id/x", "fd::7", "ftp://x/y"):
            done = self.daemon.run(PROGRAM, "connect", "hostile", "--yes", "--", url, check=False)
            self.assertNotEqual(done.returncode, 0, url)
            self.assertNotIn("hostile", self.daemon.gitops("show", "main:platform.yaml"))

    def test_credentials_in_an_address(self):
        for user in (f"jane:{TOKEN}@", f"{TOKEN}@"):
            done = self.daemon.cli("connect", "leaky", self.http.url("x.git", user), "--yes", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("credentials", done.stdout)
            self.assertNotIn(TOKEN, done.stdout)
        self.assertNotIn("leaky", self.daemon.gitops("show", "main:platform.yaml"))

    # ---- what happens to them

    def test_a_wrong_password_is_said_and_a_new_one_taken(self):
        shop = self.follows("locked", self.http.url("locked.git"))
        self.http.users["jane"] = "another"
        try:
            words = self.until_trouble("locked", "401")
            self.assertIn("credentials", words)
            self.assertIn("401", self.daemon.cli("doctor", check=False).stdout)
            self.assertIn("401", self.daemon.cli("status").stdout)
            why = self.daemon.cli("why", shop.target, check=False).stdout
            self.assertIn("cannot be read", why)
            self.assertIn("401", why)
        finally:
            self.http.users["jane"] = TOKEN
        self.until("it is let in again", lambda: self.trouble("locked") == "")
        shop.level("three").push("Three")
        self.released(shop, 3)

    def test_away_and_back(self):
        shop = self.follows("away", self.http.url("away.git"))
        self.http.stop()
        try:
            self.until_trouble("away", "connect")
            shop.level("three").push("Three")
        finally:
            self.http.start()
        self.released(shop, 3)
        self.assertEqual(self.trouble("away"), "")

    def test_a_hanging_host_holds_up_nobody_else(self):
        self.follows("hanging", self.https.url("hanging.git"))
        self.https.fault = lambda method, path, body: ("hang",) if "hanging.git" in path else None
        try:
            other = Elsewhere(self.daemon, "quick", self.root)
            other.level("one").push("One")
            self.connect("quick", self.http.url("quick.git"))
            self.released(other, 1)
        finally:
            self.https.fault = None
            self.https.released.set()

    def test_branches_that_vanish_or_are_rewritten(self):
        shop = self.follows("moving", self.http.url("moving.git"))
        first = self.daemon.git("rev-list", "--max-parents=0", "HEAD", cwd=shop.folder).strip()
        self.daemon.git("update-ref", "-d", "refs/heads/main", cwd=shop.bare)
        self.until_trouble("moving", "main was deleted in the source")
        self.assertIn("keeps running", self.daemon.cli("why", shop.target, check=False).stdout)
        self.assertIn("manifests/", self.daemon.gitops("ls-tree", "-r", "--name-only", "deploy", f"apps/{shop.target}/"))
        self.daemon.git("reset", "-q", "--hard", first, cwd=shop.folder)
        shop.level("other").push("Another history")
        self.released(shop, 3)
        self.assertEqual(self.trouble("moving"), "")
        self.daemon.git("reset", "-q", "--hard", first, cwd=shop.folder)
        shop.level("forced").push("Forced", "--force")
        self.released(shop, 4)
        self.assertIn("a branch of the source was rewritten", self.log())

    def test_another_repository_in_the_place_of_a_source(self):
        shop = self.follows("swapped", self.http.url("swapped.git"))
        before = self.daemon.gitops("rev-parse", "deploy")
        shutil.rmtree(shop.bare)
        self.until_trouble("swapped", "404")
        self.assertEqual(self.daemon.gitops("rev-parse", f"deploy:apps/{shop.target}"), self.daemon.gitops("rev-parse", f"{before.strip()}:apps/{shop.target}"))
        # One without a spec: nothing is released, and what runs keeps running.
        self.daemon.git("init", "-q", "--bare", "-b", "main", shop.bare)
        other = Elsewhere.__new__(Elsewhere)
        Project.__init__(other, self.daemon, "swapped-by")
        other.bare = shop.bare
        other.write({"README.md": "something else\n"}).push("Another one")
        self.until_trouble("swapped", "nothing that can be released was found")
        self.assertEqual(self.daemon.rows()[shop.target]["release"], 2)
        # One with an app of that name: it goes on with the next number.
        other.write({"autonomous.yaml": SPEC.format(project="swapped", level="other")}).push("Takes its place")
        self.released(shop, 3)
        self.assertEqual(self.trouble("swapped"), "")

    def test_a_corrupt_mirror_is_made_again(self):
        shop = self.follows("mirrored", self.http.url("mirrored.git"))
        mirror = self.daemon.state / "cache" / "mirrors" / "mirrored.git"
        for path in mirror.joinpath("objects").rglob("*"):
            if path.is_file():
                path.chmod(0o600)
                path.write_bytes(b"garbage")
        shop.level("three").push("Three")
        self.released(shop, 3)
        shutil.rmtree(mirror)
        shop.level("four").push("Four")
        self.released(shop, 4)

    def test_garbage_for_an_answer(self):
        shop = self.follows("garbled", self.http.url("garbled.git"))
        try:
            for garbage in (b"", b"0000", b"<html>no</html>", b"ffff" + b"x" * 100, b"0032" + b"1" * 40 + b" refs/heads/main\n", b"\0" * 1000):
                self.http.fault = lambda method, path, body, g=garbage: ("garbage", g) if "garbled.git/git-upload-pack" in path else None
                self.http.seen.clear()
                self.until("it was asked", lambda: self.http.count(end="garbled.git/git-upload-pack")[0] >= 1)
        finally:
            self.http.fault = None
        shop.level("three").push("Three")
        self.released(shop, 3)


class Hints(Bed):
    """Polled so seldom that only a hint can have told."""

    def test_deploy_looks_at_once(self):
        type(self).folder = Path(tempfile.mkdtemp(prefix="autonomous-hints-"))
        type(self).daemon = Daemon(self.folder)
        (self.folder / "elsewhere").mkdir()
        server = HttpGit(self.folder / "elsewhere")
        self.addCleanup(lambda: (self.daemon.alive() and self.daemon.stop(), server.stop(), shutil.rmtree(self.folder)))
        self.make("version: 1\nsources: {poll: 7d}\n")
        shop = Elsewhere(self.daemon, "shop", self.folder / "elsewhere")
        shop.level("one").push("One")
        self.daemon.cli("connect", "shop", server.url("shop.git"), "--yes")
        self.released(shop, 1)
        shop.level("two").push("Two")
        # The look itself may release it: then the request finds that it runs already.
        self.assertRegex(self.daemon.cli("deploy", "shop/web", "--yes").stdout, "release 2|what runs already")
        self.released(shop, 2)
        self.assertIn("two", self.daemon.gitops("show", f"deploy:apps/{shop.target}/values.yaml"))
        server.stop()
        done = self.daemon.cli("deploy", "shop/web", "--yes", check=False)
        self.assertEqual(done.returncode, 5, done.stdout)
        server.start()


class Raw:
    """Objects as they are, which git's own tools would refuse to write."""

    def __init__(self, bare):
        self.objects = Path(bare) / "objects"

    def write(self, kind, body):
        data = kind.encode() + b" " + str(len(body)).encode() + b"\0" + body
        name = hashlib.sha1(data).hexdigest()
        path = self.objects / name[:2] / name[2:]
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_bytes(zlib.compress(data, 1))
        return name

    def blob(self, text):
        return self.write("blob", text if isinstance(text, bytes) else text.encode())

    def tree(self, entries):
        """(mode, name, oid) each; sorted as git sorts."""
        key = lambda e: (e[1] if isinstance(e[1], bytes) else e[1].encode()) + (b"/" if e[0] == "40000" else b"")  # noqa: E731
        return self.write("tree", b"".join(mode.encode() + b" " + (name if isinstance(name, bytes) else name.encode()) + b"\0" + bytes.fromhex(oid)
                                           for mode, name, oid in sorted(entries, key=key)))

    def commit(self, tree, message="Hostile"):
        people = "author Eve <eve@example.com> 1700000000 +0000\ncommitter Eve <eve@example.com> 1700000000 +0000\n"
        return self.write("commit", f"tree {tree}\n{people}\n{message}\n".encode())


class Hostile(Bed):
    """Source repositories and hosts that try to hurt the daemon, one beside the other, and one project that must stay unharmed."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-hostile-"))
        cls.daemon = Daemon(cls.folder)
        cls.root = cls.folder / "elsewhere"
        cls.root.mkdir()
        cls.server = HttpGit(cls.root)
        cls.pwned = cls.folder / "pwned"
        cls.make("version: 1\nsources: {poll: 300ms}\nlimits: {repository: 8MiB}\n")
        cls.calm = Elsewhere(cls.daemon, "calm", cls.root)
        cls.calm.level("one").push("One")
        cls.daemon.cli("connect", "calm", cls.server.url("calm.git"), "--yes")

    @classmethod
    def tearDownClass(cls):
        alive = cls.daemon.alive() and cls.daemon.stop() == 0
        cls.server.stop()
        log = cls.log()
        shutil.rmtree(cls.folder)
        assert alive, log[-3000:]

    def setUp(self):
        self.name = re.sub("[^a-z]", "", self._testMethodName.removeprefix("test_"))[:20]

    def tearDown(self):
        """Whatever the others do: the calm one is released when it is pushed, nothing ran, nothing odd reached the record."""
        self.server.fault = None
        self.assertTrue(self.daemon.alive(), self.log()[-3000:])
        number = self.daemon.rows()["local/calm/web"]["release"]
        self.calm.level(f"after{self.name}").push(self.name)
        self.released(self.calm, number + 1)
        self.assertFalse(self.pwned.exists())
        modes = {line.split()[0] for line in self.daemon.gitops("ls-tree", "-r", "deploy").splitlines()}
        self.assertEqual(modes, {"100644"})
        self.assertEqual(self.daemon.gitops("fsck", "--strict", "--no-progress", "--no-dangling").strip(), "")

    def source(self, entries, name=None, spec=None):
        """A bare repository with these entries beside a right autonomous.yaml, connected."""
        name = name or self.name
        bare = self.root / f"{name}.git"
        self.daemon.git("init", "-q", "--bare", "-b", "main", bare)
        raw = Raw(bare)
        entries = entries(raw) + [("100644", "autonomous.yaml", raw.blob(spec or SPEC.format(project=name, level="one")))]
        (bare / "refs" / "heads" / "main").write_text(raw.commit(raw.tree(entries)) + "\n")
        self.daemon.cli("connect", name, self.server.url(f"{name}.git"), "--yes")
        return name

    def ends(self, name, *words):
        """It is released (""), or refused: with one of these words."""
        def through():
            row = self.daemon.rows().get(f"local/{name}/web") or {}
            said.append(self.trouble(name) or (row.get("why", "") if row.get("state") == "failed" else ""))
            return said[-1] != "" or row.get("release") == 1
        said = []
        self.until(f"{name} is through", through)
        if words:
            self.assertTrue(any(word in said[-1] for word in words), f"{name}: {said[-1]!r}")
        return said[-1]

    def test_names(self):
        refused = [".git", ".GIT", "git~1", "..", "."]
        taken = ["-x", "--upload-pack=touch", "a:b", "n" * 283, "a\nb", "tab\tx", "\x1b[2J", "a\\b", b"\xff\xfe"]
        names = [self.source(lambda raw, n=n: [("100644", n, raw.blob("x"))], f"named-{i}") for i, n in enumerate(refused + taken)]
        names.append(self.source(lambda raw: [("100644", "README", raw.blob("x")), ("100644", "readme", raw.blob("y"))], "twins"))
        for name in names[:len(refused)]:
            self.ends(name, "fsck", "hasDot", "contains", "unsafe", "error")
        for name in names[len(refused):]:
            said = self.ends(name)
            self.assertNotIn("\x1b", said)
            self.assertNotIn("\n", said.strip())

    def test_links_and_submodules(self):
        spec = "version: 1\napps: {web: {manifests: k8s}}\n"

        def entries(raw):
            k8s = raw.tree([("100644", "a.yaml", raw.blob("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")), ("120000", "b.yaml", raw.blob("../../../../../etc/passwd"))])
            modules = f'[submodule "x"]\n\tpath = A/modules/x\n\turl = ext::sh -c "touch {self.pwned}"\n'
            return [("40000", "k8s", k8s), ("100644", "good", raw.blob("x")), ("120000", "a", raw.blob(".git")),
                    ("40000", "A", raw.tree([("160000", "x", "1" * 40)])), ("100644", ".gitmodules", raw.blob(modules))]
        self.ends(self.source(entries, spec=spec), "leaves", "b.yaml")

        def gitlink(raw):
            return [("40000", "k8s", raw.tree([("160000", "sub", "1" * 40)]))]
        self.ends(self.source(gitlink, "gitlinked", spec), "submodule")

    def test_attributes_filters_and_hooks(self):
        def entries(raw):
            hook = raw.tree([("100755", "post-checkout", raw.blob(f"#!/bin/sh\ntouch {self.pwned}\n"))])
            return [("100644", ".gitattributes", raw.blob("* filter=evil diff=evil merge=evil export-subst\n")),
                    ("100644", ".gitconfig", raw.blob(f'[filter "evil"]\n\tsmudge = touch {self.pwned}\n\tprocess = touch {self.pwned}\n')),
                    ("40000", "hooks", hook), ("100644", "config", raw.blob(f"[core]\n\tfsmonitor = touch {self.pwned}\n"))]
        self.assertEqual(self.ends(self.source(entries)), "")

    def test_a_tree_of_depth_ten_thousand(self):
        def entries(raw):
            at = raw.tree([("100644", "f", raw.blob("x"))])
            for _ in range(10_000):
                at = raw.tree([("40000", "d", at)])
            return [("40000", "d", at)]
        self.ends(self.source(entries))
        spec = "version: 1\napps: {web: {manifests: d}}\n"
        self.ends(self.source(entries, "deepmanifests", spec), "nested", "deep", "depth", "limit")

    def test_a_tree_that_stands_for_endless_paths(self):
        def entries(raw):
            at = raw.tree([("100644", "f.yaml", raw.blob("x"))])
            for _ in range(60):
                at = raw.tree([("40000", "a", at), ("40000", "b", at)])
            return [("40000", "d", at)]
        self.ends(self.source(entries, spec="version: 1\napps: {web: {manifests: d}}\n"), "limit", "more than")

    def test_large_blobs(self):
        noise = self.source(lambda raw: [("100644", "big", raw.blob(os.urandom(12 << 20)))])
        self.ends(noise, "limits.repository")
        before = self.resident()
        zeros = self.source(lambda raw: [("40000", "k8s", raw.tree([("100644", "zeros.yaml", raw.blob(bytes(200 << 20)))]))], "zeros", "version: 1\napps: {web: {manifests: k8s}}\n")
        self.ends(zeros, "limit", "zeros.yaml")
        self.assertLess(self.resident() - before, 150 << 10, "KiB more")

    def resident(self):
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def test_objects_that_are_none(self):
        for i, body in enumerate((b"tree " + b"1" * 40 + b"\n\nno author\n", b"", b"garbage", b"tree x\n")):
            name = f"malformed-{i}"
            bare = self.root / f"{name}.git"
            self.daemon.git("init", "-q", "--bare", "-b", "main", bare)
            (bare / "refs" / "heads" / "main").write_text(Raw(bare).write("commit", body) + "\n")
            self.daemon.cli("connect", name, self.server.url(f"{name}.git"), "--yes")
            self.until(f"{name} is refused", lambda: self.trouble(name) != "")

    def test_redirects_inside(self):
        target = "http://169.254.169.254/latest/meta-data/info/refs?service=git-upload-pack"
        self.server.fault = lambda method, path, body: ("redirect", target) if "redirecting.git" in path else None
        self.daemon.cli("connect", "redirecting", self.server.url("redirecting.git"), "--yes")
        self.assertIn("redirects to http://169.254.169.254", self.until_trouble("redirecting", "not followed"))

    def test_texts_that_want_to_be_trailers(self):
        name = self.name
        bare = self.root / f"{name}.git"
        self.daemon.git("init", "-q", "--bare", "-b", "main", bare)
        raw = Raw(bare)
        spec = raw.blob(SPEC.format(project=name, level="one"))
        message = "Release: local/calm/web/99\x1b[2J\n\nTrigger: push\nRelease: local/calm/web/99\nApproved-By: The Boss <b@example.com> (signed)\n---\n"
        (bare / "refs" / "heads" / "main").write_text(raw.commit(raw.tree([("100644", "autonomous.yaml", spec)]), message) + "\n")
        self.daemon.cli("connect", name, self.server.url(f"{name}.git"), "--yes")
        self.ends(name)
        body = self.daemon.gitops("log", "-1", "--format=%B", "deploy", "--", f"apps/local/{name}/web")
        trailers = subprocess.run(["git", "interpret-trailers", "--parse"], input=body, text=True, capture_output=True, check=True).stdout
        self.assertIn(f"Release: local/{name}/web/1", trailers)
        self.assertNotIn("web/99", trailers)
        self.assertNotIn("Approved-By", trailers)


class GitOpsBed(Bed):
    """The GitOps repository is a bare repository on another host; every test has one of its own."""

    def setUp(self):
        type(self).folder = self.folder = Path(tempfile.mkdtemp(prefix="autonomous-gitops-"))
        type(self).daemon = self.daemon = Daemon(self.folder)
        self.root = self.folder / "elsewhere"
        self.remote = self.root / "gitops.git"
        self.daemon.git("init", "-q", "--bare", "-b", "main", self.remote)
        self.token = self.folder / "token"
        self.token.write_text(f"bot:{TOKEN}\n")
        self.token.chmod(0o600)
        self.http = HttpGit(self.root, users={"bot": TOKEN})
        self.addCleanup(self.clean)

    def clean(self):
        if self.daemon.process and self.daemon.alive():
            self.assertEqual(self.daemon.stop(), 0)
        self.http.stop()
        if not self._outcome.success:
            print(self._testMethodName, self.log()[-4000:], sep="\n", file=sys.stderr)
        self.assertNotIn(TOKEN, self.log() if self.daemon.process else "")
        shutil.rmtree(self.folder)

    def start(self, url=None, credential=None, more=""):
        self.make(f"version: 1\ngitops:\n  url: {url or self.http.url('gitops.git')}\n  poll: 500ms\n"
                  + (f"  credential: {credential or self.token}\n" if credential != "" else "") + more)

    def git(self, *argv, check=True):
        return self.daemon.git("--git-dir", self.remote, *argv, check=check)

    def hook(self, name, script):
        path = self.remote / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def shop(self, name="shop"):
        return Project(self.daemon, name)

    def push(self, shop, level, subject=None):
        return shop.write({"autonomous.yaml": BOTH.format(project=shop.name, level=level)}).push(subject or level)

    def audit(self, *daemons):
        """Whole, with the keys of these daemons known from outside (none: those that the repository names itself)."""
        signers = self.folder / "signers"
        signers.write_text("".join(f'autonomous@localhost namespaces="git" {(d.state / "keys" / "signing.pub").read_text()}' for d in daemons))
        out = self.audited(self.remote, *(["--allowed-signers", signers] if daemons else []))
        self.assertIn("The history is whole", out)
        self.assertEqual(self.git("fsck", "--strict", "--no-progress", "--no-dangling").strip(), "")

    def numbers(self, target="local/shop/web"):
        return [int(tag.rsplit("/", 1)[1]) for tag in self.git("tag", "-l", f"release/{target}/*", "--sort=v:refname").split()]

    def until_tags(self, web, api=None):
        """They follow the branches in a push of their own, after who pushed was told."""
        self.until(f"the tags {web} are there", lambda: self.numbers() == web and (api is None or self.numbers("local/shop/api") == api))

    def level_of(self, target="local/shop/web"):
        return re.search(r'LEVEL\W+(?:value\W+)?(\w+)', self.git("show", f"deploy:apps/{target}/values.yaml")).group(1)

    def pushing(self, shop, level):
        """A push that has to wait, in the background."""
        shop.write({"autonomous.yaml": BOTH.format(project=shop.name, level=level)})
        self.daemon.git("add", "-A", cwd=shop.folder)
        self.daemon.git("commit", "-q", "-m", level, cwd=shop.folder)
        return subprocess.Popen(["git", "push", f"{self.daemon.url}/git/{shop.name}.git", "HEAD:main"], cwd=shop.folder, env=self.daemon.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class GitOps(GitOpsBed):
    # ---- the way there

    def test_http(self):
        self.start()
        shop = self.shop()
        self.http.seen.clear()
        self.assertIn("release 1", self.push(shop, "one"))
        pushes, _ = self.http.count(agent="git/", method="POST", end="/gitops.git/git-receive-pack")
        self.assertLessEqual(pushes, 8)
        self.until_tags([1], [1])
        self.http.seen.clear()
        self.assertIn("release 2", self.push(shop, "two"))
        self.until("its outcome is written down", lambda: "outcome" in self.git("log", "-3", "--format=%B", "autonomous/ledger/deploy"))
        self.audit()
        # Nothing changed: only questions, over one connection.
        self.until("a quiet moment", lambda: not self.http.seen.clear() and not time.sleep(1.5) and {r["path"] for r in self.http.seen} == {"/gitops.git/git-upload-pack"})
        self.assertEqual(self.http.count()[1], 1)

    def test_ssh(self):
        server = Sshd(self.folder / "ssh")
        self.addCleanup(server.stop)
        self.start(server.url(self.remote), server.key, f"  known_hosts: {server.known_hosts}\n  public_url: https://git.example.com/acme/gitops.git\n")
        self.assertIn("release 1", self.push(self.shop(), "one"))
        self.until_tags([1])
        self.audit()

    def test_files(self):
        self.start(f"file://{self.remote}", "", "sources: {allow_file_urls: true}\n")
        self.assertIn("release 1", self.push(self.shop(), "one"))
        self.audit()

    def test_a_wrong_credential_is_told_at_the_start(self):
        self.http.users["bot"] = "another"
        self.daemon.folder.joinpath("daemon.yaml").write_text(f"version: 1\ngitops: {{url: '{self.http.url('gitops.git')}', credential: {self.token}}}\n")
        done = self.daemon.run(PROGRAM, "daemon", "--state", self.daemon.state, "--listen", "127.0.0.1:0", "--config", self.folder / "daemon.yaml", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("401", done.stdout)
        self.assertIn("gitops: {credential:", done.stdout)

    # ---- connect

    def connectable(self):
        source = Elsewhere(self.daemon, "shop", self.root)
        source.level("one", BOTH).push("One")
        return source, HttpGit(self.root)

    def test_connect_writes_main_there(self):
        source, server = self.connectable()
        self.addCleanup(server.stop)
        self.start()
        self.daemon.cli("connect", "shop", server.url("shop.git"), "--because", "it moves here", "--yes")
        self.assertIn(f'shop: {{source: "{server.url("shop.git")}"}}', self.git("show", "main:platform.yaml"))
        author, committer, subject, body = self.git("log", "-1", "--format=%an%n%cn%n%s%n%b", "main").split("\n", 3)
        self.assertEqual((committer, subject), ("Autonomous", f"Connect shop to {server.url('shop.git')}"))
        self.assertNotEqual(author, "Autonomous")
        self.assertIn("it moves here", body)
        self.assertIn(f"Requested-By: {author}", body)
        self.released(source, 1)
        self.assertIn("already", self.daemon.cli("connect", "shop", server.url("shop.git"), "--yes").stdout)
        done = self.daemon.cli("connect", "shop", server.url("other.git"), "--yes", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("is bound to", done.stdout)
        self.audit()

    def test_connect_loses_a_race_and_does_it_again(self):
        _, server = self.connectable()
        self.addCleanup(server.stop)
        self.start()
        # While the first push is judged, somebody else's commit arrives on main.
        self.hook("pre-receive", """
while read old new ref; do
  case $ref in refs/heads/main)
    [ -e raced ] && continue; : > raced
    unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    blob=$(git show main:platform.yaml | sed '$a# by somebody else' | git hash-object -w --stdin)
    tree=$(printf '100644 blob %s\tplatform.yaml\n' $blob | git mktree)
    git update-ref refs/heads/main $(git -c user.name=Other -c user.email=o@example.com commit-tree -p main -m Other $tree);;
  esac
done
""")
        self.daemon.cli("connect", "shop", server.url("shop.git"), "--yes")
        platform = self.git("show", "main:platform.yaml")
        self.assertIn("# by somebody else", platform)
        self.assertIn("shop.git", platform)
        self.assertEqual(self.git("log", "-3", "--format=%s", "main").split("\n")[1], "Other")

    def test_connect_where_main_is_protected(self):
        self.start()
        self.hook("update", '[ "$1" != refs/heads/main ] || { echo "main is protected: open a pull request" >&2; exit 1; }\n')
        done = self.daemon.cli("connect", "shop", "https://git.example.com/acme/shop.git", "--yes", check=False)
        self.assertEqual(done.returncode, 4, done.stdout)
        self.assertIn("main is protected: open a pull request", done.stdout)
        self.assertIn('shop: {source: "https://git.example.com/acme/shop.git"}', done.stdout)

    # ---- what goes wrong

    def test_away_and_back(self):
        self.start()
        shop = self.shop()
        self.push(shop, "one")
        self.http.stop()
        waiting = self.pushing(shop, "two")
        self.until("status says why", lambda: "connect" in self.daemon.rows()["local/shop/web"].get("why", ""))
        self.assertIn("connect", self.daemon.cli("doctor", check=False).stdout)
        self.assertEqual(self.git("rev-list", "--count", "deploy").strip(), "3")
        # A daemon that starts meanwhile waits, too, and says so.
        waiting.kill()
        waiting.communicate()
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start("--config", str(self.folder / "daemon.yaml"))
        self.assertIn("the GitOps repository is away", self.log())
        self.assertIn("connect", self.daemon.cli("doctor", check=False).stdout)
        self.http.start()
        self.until("it went out", lambda: (self.daemon.rows().get("local/shop/web") or {}).get("release") == 2)
        self.assertEqual(self.level_of(), "two")
        self.until_tags([1, 2], [1, 2])
        self.audit()

    def test_a_refusal_fails_the_guilty_alone(self):
        self.start()
        shop = self.shop()
        self.push(shop, "one")
        self.hook("pre-receive", """
while read old new ref; do
  [ $ref != refs/heads/deploy ] || ! git log --format=%s $old..$new | grep -q '/api: release' || { echo "api is frozen by the registrar" >&2; exit 1; }
done
""")
        out = self.push(shop, "two")
        self.assertIn("api is frozen by the registrar", out)
        self.assertIn("release 2", out)
        self.until_tags([1, 2], [1])
        # The pusher is told before the failure stands in the ledger, where `why` finds it.
        self.until("why says it", lambda: "frozen by the registrar" in self.daemon.cli("why", "local/shop/api", check=False).stdout)
        (self.remote / "hooks" / "pre-receive").unlink()
        self.daemon.cli("retry", "local/shop/api", "--yes")
        self.assertEqual(self.level_of("local/shop/api"), "two")
        self.audit()

    def test_a_full_disk_there(self):
        self.start()
        shop = self.shop()
        self.push(shop, "one")
        self.hook("pre-receive", "echo 'fatal: write error: No space left on device' >&2; exit 1\n")
        out = self.push(shop, "two")
        self.assertIn("No space left on device", out)
        self.assertEqual(self.level_of(), "one")
        (self.remote / "hooks" / "pre-receive").unlink()
        self.daemon.cli("retry", "local/shop/web", "--yes")
        self.assertEqual(self.level_of(), "two")
        self.until("what could not be written is written", lambda: self.daemon.cli("doctor", check=False).stdout.count("No space left") == 0)
        self.audit()

    def test_another_writer_on_the_branch(self):
        self.start()
        shop = self.shop()
        self.push(shop, "one")
        # Five times somebody else is faster on deploy.
        self.hook("pre-receive", """
while read old new ref; do
  case $ref in refs/heads/deploy)
    n=$(cat races 2>/dev/null || echo 0); [ $n -lt 5 ] || continue; echo $((n + 1)) > races
    unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    blob=$(echo note $n | git hash-object -w --stdin)
    tree=$( (git ls-tree deploy | grep -v NOTES; printf '100644 blob %s\tNOTES\n' $blob) | git mktree)
    git update-ref refs/heads/deploy $(git -c user.name=Renovate -c user.email=r@example.com commit-tree -p deploy -m Note $tree);;
  esac
done
""")
        self.assertIn("release 2", self.push(shop, "two"))
        self.assertEqual(self.git("log", "--format=%an", "deploy").split("\n").count("Renovate"), 5)
        self.assertEqual(self.level_of(), "two")
        self.until_tags([1, 2])
        self.assertEqual(self.git("show", "deploy:NOTES").strip(), "note 4")
        self.audit()

    def test_an_answer_that_is_lost(self):
        self.start()
        shop = self.shop()
        lost = []

        def lose(method, path, body):
            if path.endswith("/gitops.git/git-receive-pack") and method == "POST" and len(lost) < 3:
                lost.append(path)
                return ("lose",)
            return None
        self.push(shop, "one")
        self.http.fault = lose
        self.assertIn("release 2", self.push(shop, "two"))
        self.assertEqual(len(lost), 3)
        self.http.fault = None
        self.until_tags([1, 2], [1, 2])
        self.audit()

    def test_a_slow_remote_holds_up_the_writer_alone(self):
        self.http.users = None
        proxy = Proxy(self.http.port)
        self.addCleanup(proxy.stop)
        self.start(f"http://127.0.0.1:{proxy.port}/gitops.git", "")
        shop = self.shop()
        self.push(shop, "one")
        proxy.stalled.clear()
        waiting = self.pushing(shop, "two")
        self.until("it is on its way", lambda: self.daemon.rows()["local/shop/web"]["state"] == "releasing")
        self.assertIn("1", self.daemon.cli("releases", "local/shop/web").stdout)
        self.assertEqual(self.daemon.cli("why", "local/shop/web", check=False).returncode, 0)
        other = self.shop("other")  # a push is accepted, and rendered, all the same
        also = self.pushing(other, "one")
        self.until("others are rendered", lambda: self.daemon.rows().get("local/other/web", {}).get("step") in ("commit", "push", "ready"))
        self.assertEqual((self.level_of(), waiting.poll(), also.poll()), ("one", None, None))
        proxy.stalled.set()
        self.assertIn("release 2", waiting.communicate(timeout=PATIENCE)[0])
        self.assertIn("release 1", also.communicate(timeout=PATIENCE)[0])
        self.audit()

    def test_garbage_from_the_remote(self):
        self.start()
        shop = self.shop()
        self.push(shop, "one")
        number = 1
        for where in ("git-receive-pack", "git-upload-pack"):
            for garbage in (b"", b"<html>no</html>", b"000eunpack ok\n0000"):
                number += 1
                left = [1]

                def spoil(method, path, body, where=where, garbage=garbage, left=left):
                    if method != "POST" or not path.endswith(f"/gitops.git/{where}") or left[0] == 0:
                        return None
                    left[0] -= 1
                    return ("garbage", garbage)
                self.http.fault = spoil
                self.assertIn(f"release {number}", self.push(shop, f"level{number}"), (where, garbage))
                self.assertEqual((left, self.level_of()), ([0], f"level{number}"), (where, garbage))
        self.http.fault = None
        self.until_tags(list(range(1, number + 1)))
        self.audit()

    def test_a_bot_that_writes_into_a_targets_own_folder(self):
        self.start()
        shop = self.shop()
        self.push(shop, "one")
        edit = """
    blob=$( (git show deploy:apps/local/shop/web/values.yaml; echo "# bot $n") | git hash-object -w --stdin)
    rm -f bot.index; export GIT_INDEX_FILE=$PWD/bot.index
    git read-tree deploy && git update-index --add --cacheinfo 100644,$blob,apps/local/shop/web/values.yaml
    git update-ref refs/heads/deploy $(git -c user.name=Updater -c user.email=bot@example.com commit-tree -p deploy -m "build: update image $n" $(git write-tree))
    unset GIT_INDEX_FILE
"""
        # Five times the bot is faster, each time in the folder that is about to be released.
        self.hook("pre-receive", """
while read old new ref; do
  case $ref in refs/heads/deploy)
    n=$(cat races 2>/dev/null || echo 0); [ $n -lt 5 ] || continue; echo $((n + 1)) > races
    unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
""" + edit + """;;
  esac
done
""")
        self.assertIn("release 2", self.push(shop, "two"))
        self.assertEqual(self.git("log", "--format=%an", "deploy").split("\n").count("Updater"), 5, "none of its commits is lost")
        self.assertEqual(self.level_of(), "two")
        self.until_tags([1, 2])
        message = self.git("log", "-1", "--format=%B", "deploy", "--", "apps/local/shop/web")
        self.assertIn("This replaces a change that was made past the platform by Updater <bot@example.com>", message)
        self.audit()
        # Beside no release it stays, and is shown.
        (self.remote / "hooks" / "pre-receive").unlink()
        subprocess.run(["sh", "-ec", "n=6\n" + edit], cwd=self.remote, env={**self.daemon.env, "GIT_DIR": str(self.remote)}, check=True)
        self.until("drift is shown", lambda: "Updater" in self.daemon.rows()["local/shop/web"].get("why", ""))
        self.assertIn("# bot 6", self.git("show", "deploy:apps/local/shop/web/values.yaml"))
        self.push(shop, "three")
        self.assertEqual(self.level_of(), "three")
        self.until_tags([1, 2, 3])
        self.audit()

    def test_a_link_on_deploy_is_said_with_its_remedy(self):
        self.start()
        self.push(self.shop(), "one")
        clone = self.folder / "clone"
        self.daemon.git("clone", "-q", "-b", "deploy", self.remote, clone)
        (clone / "evil.yaml").symlink_to("/etc/passwd")
        self.daemon.git("add", "-A", cwd=clone)
        self.daemon.git("commit", "-q", "-m", "A link", cwd=clone)
        self.daemon.git("push", "-q", "origin", "deploy", cwd=clone)
        commit = self.git("rev-parse", "deploy")[:12]
        self.until("status says it", lambda: "evil.yaml on deploy is a link" in self.daemon.cli("status").stdout)
        told = self.daemon.cli("status").stdout
        self.assertIn(f"commit {commit} by Jane Doe", told)
        self.assertIn("git rm 'evil.yaml' on deploy", told)
        doctor = self.daemon.cli("doctor", check=False).stdout
        self.assertIn("evil.yaml on deploy is a link", doctor)
        self.daemon.git("rm", "-q", "evil.yaml", cwd=clone)
        self.daemon.git("commit", "-q", "-m", "No link", cwd=clone)
        self.daemon.git("push", "-q", "origin", "deploy", cwd=clone)
        self.until("it is gone", lambda: "evil.yaml" not in self.daemon.cli("status").stdout)

    def test_a_rewound_branch_stops_the_writer(self):
        self.start()
        shop = self.shop()
        self.push(shop, "one")
        self.push(shop, "two")
        rewound = self.git("rev-parse", "deploy~2").strip()
        self.git("update-ref", "refs/heads/deploy", rewound)
        self.until("it is noticed", lambda: "was rewritten" in self.daemon.cli("doctor", check=False).stdout)
        waiting = self.pushing(shop, "three")
        self.until("status says why", lambda: "was rewritten" in self.daemon.rows()["local/shop/web"].get("why", ""))
        self.assertEqual(self.git("rev-parse", "deploy").strip(), rewound, "nothing is resurrected")
        waiting.kill()
        waiting.communicate()

    def test_tags_that_are_refused_hold_nobody_up(self):
        self.start()
        self.hook("update", 'case $1 in refs/tags/*) echo "tags are protected" >&2; exit 1;; esac\n')
        self.assertIn("release 1", self.push(self.shop(), "one"))
        self.assertEqual((self.level_of(), self.numbers()), ("one", []))
        self.until("it is told", lambda: "tags are protected" in self.log())
        # Once they are taken, they come by themselves.
        self.hook("update", "exit 0\n")
        self.until_tags([1], [1])
        self.audit()

    def test_two_daemons_by_mistake(self):
        source, server = self.connectable()
        self.addCleanup(server.stop)
        self.start(more="sources: {poll: 200ms}\n")
        self.daemon.cli("connect", "shop", server.url("shop.git"), "--yes")
        self.released(source, 1)
        (self.folder / "second").mkdir()
        second = Daemon(self.folder / "second")
        second.start("--config", str(self.folder / "daemon.yaml"))
        try:
            for level in ("two", "three", "four", "five", "six"):
                source.level(level, BOTH).push(level)
                self.until(f"{level} runs", lambda: self.level_of() == level and self.level_of("local/shop/api") == level)
            for daemon in (self.daemon, second):
                self.until("both know", lambda: daemon.rows()[source.target]["release"] == 6)
        finally:
            self.assertEqual(second.stop(), 0)
        self.until_tags([1, 2, 3, 4, 5, 6])
        self.assertEqual(self.git("log", "--format=%s", "deploy", "--", "apps/local/shop/web").strip().count("\n") + 1, 6)
        self.audit(self.daemon, second)


class Cuts(GitOpsBed):
    """The exchange with the remote is cut after each so many bytes: CUTS of them (default 20; the long form has 500)."""

    def test_cut_anywhere(self):
        self.http.users = None
        proxy = Proxy(self.http.port)
        self.addCleanup(proxy.stop)
        self.start(f"http://127.0.0.1:{proxy.port}/gitops.git", "")
        shop = self.shop()
        self.push(shop, "one")
        proxy.bytes = 0
        self.push(shop, "two")
        whole, number = proxy.bytes, 2
        cuts = int(os.environ.get("CUTS", "20"))
        for i in range(cuts):
            number += 1
            level = f"cut{i}"
            proxy.bytes, proxy.cut = 0, 1 + whole * i // cuts
            waiting = self.pushing(shop, level)
            self.until(f"cut after {proxy.cut} of {whole} bytes", lambda: proxy.bytes >= proxy.cut or waiting.poll() is not None)
            proxy.cut = None
            out, _ = waiting.communicate(timeout=PATIENCE)
            self.assertIn(f"release {number}", out, f"cut after {1 + whole * i // cuts} of {whole} bytes")
            self.assertEqual(self.level_of(), level)
        self.until_tags(list(range(1, number + 1)))
        self.assertEqual(self.git("rev-list", "--count", "deploy", "--", "apps/local/shop/web").strip(), str(number))
        self.audit()
        print(f"{cuts} cuts over {whole} bytes: {number} releases, each once", file=sys.stderr)


if __name__ == "__main__":
    parts = {"sources": ["Sources", "Hints"], "hostile": ["Hostile"], "gitops": ["GitOps", "Cuts"]}
    unittest.main(verbosity=2, argv=sys.argv[:1] + [word for argument in sys.argv[1:] for word in parts.get(argument, [argument])])
