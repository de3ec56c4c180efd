#!/usr/bin/env python3
"""A real Gitea holds the sources and the GitOps repository: its protections, its signatures, its limits, its hooks and its revert button.

usage: AUTONOMOUS=path/to/autonomous gitea_test.py [unittest's arguments]     the first run builds Gitea (tests/support/bed)
"""
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from gitea import Gitea  # noqa: E402
from local_test import Daemon, Project  # noqa: E402
from remote_test import BOTH, Bed  # noqa: E402

DEPLOY, LEDGER = "deploy", "autonomous/ledger/deploy"


class Hosted(Project):
    """A project whose source repository is on Gitea, pushed to by a person."""

    def __init__(self, daemon, name, gitea, owner):
        super().__init__(daemon, name)
        self.repository = gitea.repository(owner, name)
        self.url, self.login = gitea.url(self.repository), gitea.url(self.repository, owner)

    def push(self, subject="Change", *options, branch="main"):
        self.daemon.git("add", "-A", cwd=self.folder)
        self.daemon.git("commit", "-q", "--allow-empty", "-m", subject, cwd=self.folder)
        self.daemon.git("push", "-q", *options, self.login, f"HEAD:{branch}", cwd=self.folder)

    def level(self, level):
        return self.write({"autonomous.yaml": BOTH.format(project=self.name, level=level)})


class OnGitea(Bed):
    @classmethod
    def setUpClass(cls):
        cls.gitea = Gitea()
        cls.addClassCleanup(cls.gitea.stop)
        # The daemon's own account, a developer, and who owns the platform.
        cls.bot, cls.jane, cls.acme = (cls.gitea.person(name) for name in ("bot", "jane", "acme"))

    def setUp(self):
        type(self).folder = self.folder = Path(tempfile.mkdtemp(prefix="autonomous-gitea-test-"))
        type(self).daemon = self.daemon = Daemon(self.folder)
        self.addCleanup(self.clean)
        self.name = re.sub("[^a-z]+", "-", self._testMethodName)[-40:].strip("-")
        self.gitops = self.gitea.repository(self.acme, self.name, self.bot, self.jane)
        self.key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "daemon", "-f", self.key], check=True)
        self.passwords = {}
        for who in (self.bot, self.jane):
            self.passwords[who] = self.folder / who[0]
            self.passwords[who].write_text(f"{who[0]}:{who[1]}\n")
            self.passwords[who].chmod(0o600)

    def clean(self):
        if self.daemon.process and self.daemon.alive():
            self.assertEqual(self.daemon.stop(), 0)
        log = self.log() if self.daemon.process else ""
        if not self._outcome.success:
            print(self._testMethodName, log[-4000:], sep="\n", file=sys.stderr)
        for who in (self.bot, self.jane):
            self.assertNotIn(who[1], log)
        shutil.rmtree(self.folder)

    def start(self, poll="300ms", more=""):
        host = self.gitea.base.split("//")[1]
        self.make(f"""version: 1
gitops: {{url: "{self.gitea.url(self.gitops)}", credential: {self.passwords[self.bot]}, poll: {poll}}}
sources: {{poll: {poll}, credentials: {{"{host}": {self.passwords[self.jane]}}}}}
signing: {{key: {self.key}}}
committer: {{name: Autonomous, email: bot@example.com}}
{more}""")

    def connected(self, name="shop"):
        shop = Hosted(self.daemon, f"{name}-{self.name}"[:22].strip("-"), self.gitea, self.jane)
        shop.level("one").push("One")
        self.daemon.cli("connect", shop.name, shop.url, "--yes")
        for app in ("web", "api"):
            self.released(shop, 1, app)
        return shop

    def git(self, *argv):
        return self.daemon.git("--git-dir", self.gitea.bare(self.gitops), *argv)

    def tags(self, shop, app="web"):
        return [int(tag.rsplit("/", 1)[1]) for tag in self.git("tag", "-l", f"release/local/{shop.name}/{app}/*", "--sort=v:refname").split()]

    def until_tags(self, shop, web, api=()):
        self.until(f"the tags {web} are there", lambda: self.tags(shop) == web and self.tags(shop, "api") == (list(api) or web))

    def why(self, shop, app="web"):
        return self.daemon.cli("why", f"local/{shop.name}/{app}", check=False).stdout

    def until_why(self, shop, words):
        """Both apps say it: the one that is still on its way would go out by itself."""
        self.until(f"{words} is told of both", lambda: all(re.search(words, self.why(shop, app)) for app in ("web", "api")))

    def audit(self):
        """From a plain clone as anybody makes it, with the key that is known from elsewhere."""
        signers = self.folder / "signers"
        signers.write_text(f'bot@example.com namespaces="git" {self.key.with_suffix(".pub").read_text()}')
        told = self.audited(self.gitea.url(self.gitops, self.jane), "--allowed-signers", signers)
        self.assertIn("The history is whole", told)


class TheMainJob(OnGitea):
    def test_protected_branches_tags_and_required_signatures(self):
        self.gitea.trust_key(self.bot, self.key, self.key.with_suffix(".pub").read_text())
        for branch in ("main", DEPLOY, LEDGER):
            self.gitea.protect(self.gitops, branch, self.bot, require_signed_commits=True)
        self.gitea.protect_tags(self.gitops, "release/**", self.bot)
        self.start()
        shop = self.connected()
        shop.level("two").push("Two")
        self.released(shop, 2)
        self.until_tags(shop, [1, 2])
        tip = self.gitea.api("GET", f"/repos/{self.gitops}/commits?sha={DEPLOY}&limit=1&verification=true", who=self.jane)[0]
        self.assertTrue(tip["commit"]["verification"]["verified"], tip["commit"]["verification"])
        # What Gitea guards is guarded from others: nobody's push gets past it.
        clone = self.folder / "clone"
        self.daemon.git("clone", "-q", "-b", DEPLOY, self.gitea.url(self.gitops, self.jane), clone)
        self.daemon.git("commit", "-q", "--allow-empty", "-m", "Mine", cwd=clone)
        done = self.daemon.run("git", "push", "origin", f"HEAD:{DEPLOY}", cwd=clone, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.audit()

    def release_and_revert(self, shop):
        """Release 2 by a push; release 3 of web by the button beside it."""
        shop.level("two").push("Two")
        self.released(shop, 2)
        self.until_tags(shop, [1, 2])
        second = self.git("rev-parse", f"release/local/{shop.name}/web/2^{{commit}}").strip()
        self.gitea.revert(self.jane, self.gitops, second, DEPLOY)
        self.released(shop, 3)
        self.until_tags(shop, [1, 2, 3], [1, 2])

    def test_the_revert_button(self):
        self.start()
        shop = self.connected()
        self.release_and_revert(shop)
        message = self.git("log", "-1", "--format=%B", f"release/local/{shop.name}/web/3")
        self.assertIn(f"Rollback-Of: local/{shop.name}/web/1", message)
        self.assertIn("jane@example.com", message)
        self.assertEqual(*(self.git("rev-parse", f"{commit}:apps/local/{shop.name}/web") for commit in (DEPLOY, f"release/local/{shop.name}/web/1")))
        # It holds.
        shop.level("three").push("Three")
        self.until("the next one waits behind it", lambda: "held" in self.why(shop))
        self.released(shop, 3, "api")
        self.assertEqual(self.tags(shop), [1, 2, 3])
        self.daemon.cli("resume", f"local/{shop.name}/web", "--yes")
        self.released(shop, 4)
        self.until_tags(shop, [1, 2, 3, 4], [1, 2, 3])
        self.audit()


    def test_its_webhooks_need_no_poll(self):
        secret = self.folder / "webhook"
        secret.write_text("between Gitea and us\n")
        secret.chmod(0o600)
        self.start("1h", f"webhooks: {{gitea: {secret}}}\n")
        shop = self.connected()
        for repository in (shop.repository, self.gitops):
            self.gitea.webhook(repository, f"{self.daemon.url}/api/v1/webhook", secret.read_text().strip())
        # Of a push to the source, and the other way round: of what a person does in the GitOps repository.
        self.release_and_revert(shop)
        self.audit()


class Refusals(OnGitea):
    """What Gitea refuses waits or fails with its words, and goes out once it may."""

    def test_a_branch_that_the_daemon_may_not_push_to(self):
        self.start()
        shop = self.connected()
        self.gitea.protect(self.gitops, DEPLOY, self.acme)
        shop.level("two").push("Two")
        self.until_why(shop, "protected branch")
        self.assertEqual(self.tags(shop), [1])
        self.gitea.unprotect(self.gitops, DEPLOY)
        self.daemon.cli("retry", f"local/{shop.name}/web", "--yes")
        self.released(shop, 2)
        self.daemon.cli("retry", f"local/{shop.name}/api", "--yes")
        self.until_tags(shop, [1, 2])
        self.audit()

    def test_tags_that_only_others_may_make(self):
        self.start()
        shop = self.connected()
        self.until_tags(shop, [1])
        guard = self.gitea.protect_tags(self.gitops, "release/**", self.acme)
        shop.level("two").push("Two")
        self.released(shop, 2)
        self.until("it is told", lambda: "did not take a release tag" in self.log())
        self.assertEqual(self.tags(shop), [1])
        self.gitea.api("DELETE", f"/repos/{self.gitops}/tag_protections/{guard}")
        self.daemon.cli("repair", "--yes", "--because", "the protection is corrected")
        self.until_tags(shop, [1, 2])
        self.audit()

    def test_a_hook_that_fails(self):
        self.start()
        shop = self.connected()
        hook = f"/repos/{self.gitops}/hooks/git/pre-receive"
        self.gitea.api("PATCH", hook, {"content": "#!/bin/sh\necho 'the change board is asleep' >&2\nexit 1\n"})
        shop.level("two").push("Two")
        self.until_why(shop, "the change board is asleep")
        self.gitea.api("PATCH", hook, {"content": ""})
        self.daemon.cli("retry", f"local/{shop.name}/web", "--yes")
        self.released(shop, 2)
        self.daemon.cli("retry", f"local/{shop.name}/api", "--yes")
        self.until_tags(shop, [1, 2])
        self.audit()

    def test_a_limit_of_size(self):
        self.start()
        shop = self.connected()
        self.git("config", "receive.maxInputSize", "20k")
        big = "".join(f"{i * 2654435761 % 2 ** 32:08x}{(i * 40503) ** 3 % 2 ** 32:08x}" for i in range(6000))
        shop.write({"autonomous.yaml": BOTH.format(project=shop.name, level=big)}).push("Two")
        self.until_why(shop, "maximum allowed size|max.*size|unpacker error|exceeds")
        self.assertEqual(self.tags(shop), [1])
        shop.level("three").push("Three")
        self.until_tags(shop, [1, 2])
        self.audit()


class Many(OnGitea):
    def test_a_hundred_apps_at_the_same_moment(self):
        self.start()
        shop = Hosted(self.daemon, "hundred", self.gitea, self.jane)
        apps = [f"app{i}" for i in range(100)]
        spec = "version: 1\nproject: hundred\napps:\n" + "".join(f"  {app}: {{image: registry.example.com/{app}:1, port: 8080}}\n" for app in apps)
        shop.write({"autonomous.yaml": spec}).push("All")
        began = time.monotonic()
        self.daemon.cli("connect", shop.name, shop.url, "--yes")
        self.until("all run", lambda: sum(1 for row in self.daemon.rows().values() if row.get("release") == 1) == 100)
        took = time.monotonic() - began
        self.until("all have tags", lambda: len(self.git("tag", "-l", "release/local/hundred/*/1").split()) == 100)
        metrics = self.daemon.run("curl", "-sS", f"{self.daemon.url}/metrics").stdout
        pushes = int(float(re.search(r"^autonomous_gitops_pushes_total(?:\{[^}]*\})? (\S+)", metrics, re.MULTILINE)[1]))
        self.assertLessEqual(pushes, 8)
        print(f"100 apps on Gitea: {took:.1f} s, {pushes} pushes", file=sys.stderr)
        self.audit()


if __name__ == "__main__":
    unittest.main(verbosity=2)
