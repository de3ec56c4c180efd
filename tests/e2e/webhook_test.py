#!/usr/bin/env python3
"""Webhooks of git hosts: with one a source is looked at without a poll; a storm of them, doubled, reordered, made up or lost, changes nothing else.

usage: AUTONOMOUS=path/to/autonomous webhook_test.py [unittest's arguments]
"""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import random
import shutil
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from git_servers import HttpGit  # noqa: E402
from local_test import Daemon  # noqa: E402
from remote_test import Bed, Elsewhere  # noqa: E402

SECRETS = {"github": "It's a secret of the organisation", "gitlab": "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()}


class Webhooks(Bed):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-webhook-"))
        cls.daemon = Daemon(cls.folder)
        cls.root = cls.folder / "elsewhere"
        cls.root.mkdir()
        cls.http = HttpGit(cls.root)
        for name, secret in SECRETS.items():
            (cls.folder / name).write_text(secret + "\n")
            (cls.folder / name).chmod(0o600)
        cls.make(cls.config("1h"))
        # What is connected is looked at once; after that nobody asks for an hour.
        cls.shop, cls.other = Elsewhere(cls.daemon, "shop", cls.root), Elsewhere(cls.daemon, "other", cls.root)
        for source in (cls.shop, cls.other):
            source.level("one").push("One")
            cls.daemon.cli("connect", source.name, cls.http.url(f"{source.name}.git"), "--yes")

    @classmethod
    def config(cls, poll):
        secrets = ", ".join(f"{name}: {cls.folder / name}" for name in SECRETS)
        return f"version: 1\nsources: {{poll: {poll}}}\nwebhooks: {{{secrets}}}\n"

    @classmethod
    def tearDownClass(cls):
        alive = cls.daemon.alive() and cls.daemon.stop() == 0
        cls.http.stop()
        log = cls.log()
        shutil.rmtree(cls.folder)
        assert alive, log[-3000:]
        assert not any(secret in log for secret in SECRETS.values()), "a secret was written down"

    def setUp(self):
        for source in (self.shop, self.other):
            self.until(f"{source.name} runs", lambda source=source: self.number(source) >= 1)

    def number(self, source):
        return (self.daemon.rows().get(source.target) or {}).get("release") or 0

    def asked(self, source):
        with self.http.lock:
            return sum(1 for r in self.http.seen if r["path"].startswith(f"/{source.name}.git/") and r["method"] == "POST" and r["agent"].endswith("autonomous"))

    # ---- what hosts send: their fields, signed with Python's hmac

    def payload(self, source, **more):
        url = self.http.url(f"{source.name}.git")
        return json.dumps({"ref": "refs/heads/main", "repository": {"full_name": f"jane/{source.name}", "clone_url": url, "ssh_url": f"git@127.0.0.1:{source.name}.git"}, **more}).encode()

    def github(self, body, secret=SECRETS["github"]):
        return {"X-GitHub-Event": "push", "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}

    def standard(self, body, at=None):
        moment = str(int(time.time() if at is None else at))
        key = base64.b64decode(SECRETS["gitlab"].removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, b"id-1." + moment.encode() + b"." + body, hashlib.sha256).digest()).decode()
        return {"X-Gitlab-Event": "Push Hook", "webhook-id": "id-1", "webhook-timestamp": moment, "webhook-signature": f"v1,bm90IG91cnM= v1,{signature}"}

    def send(self, body, headers, kind="application/json"):
        request = urllib.request.Request(f"{self.daemon.url}/api/v1/webhook", data=body, method="POST", headers={"Content-Type": kind, **headers})
        # As it comes through a proxy that ends TLS.
        request.add_header("Host", "autonomous.example.com")
        request.add_header("X-Forwarded-For", "192.0.2.1")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    # ---- tests

    def test_a_push_is_seen_without_a_poll(self):
        for sign in (self.github, self.standard, lambda body: {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SECRETS["github"]},
                     lambda body: {"X-Gitea-Event": "push", "X-Gitea-Signature": self.github(body)["X-Hub-Signature-256"].removeprefix("sha256=")}):
            number = self.number(self.shop)
            self.shop.level(f"level{number}").push("Change")
            body = self.payload(self.shop)
            self.assertEqual(self.send(body, sign(body)), (202, {"summary": "looking at shop", "looking_at": ["shop"]}))
            self.released(self.shop, number + 1)

    def test_what_it_says_is_not_believed(self):
        number = self.number(self.shop)
        body = self.payload(self.shop, after="f" * 40, commits=[{"id": "f" * 40}], pusher={"name": "mallory"})
        before = self.asked(self.shop)
        self.assertEqual(self.send(body, self.github(body))[0], 202)
        self.until("it was looked at", lambda: self.asked(self.shop) > before)
        self.assertEqual(self.number(self.shop), number)
        body = json.dumps({"repository": {"clone_url": "https://git.example.com/nobody/knows.git"}}).encode()
        self.assertEqual(self.send(body, self.github(body)), (202, {"summary": "no project comes from git.example.com/nobody/knows: nothing to do", "looking_at": []}))
        body = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()  # GitHub's first one
        self.assertEqual(self.send(body, self.github(body))[1]["looking_at"], [])

    def test_nobody_else_is_heard(self):
        body = self.payload(self.shop)
        before = self.asked(self.shop)
        for headers, words in (({}, "not signed"), (self.github(body, "guessed"), "not known here"), (self.github(body + b" "), "not known here"),
                               ({"X-Gitlab-Token": "guessed"}, "not known here"), ({"X-Hub-Signature": "sha1=" + "0" * 40}, "not signed"),
                               (self.standard(body, time.time() - 3600), "5 minutes"), (self.standard(body, 1 << 62), "in seconds"),
                               ({"Authorization": "Bearer guessed"}, "not signed")):
            status, problem = self.send(body, headers)
            self.assertEqual(status, 403, headers)
            self.assertIn(words, json.dumps(problem))
        form = b"payload=" + body
        self.assertEqual(self.send(form, self.github(form), "application/x-www-form-urlencoded")[0], 415)
        for wrong in (b"[]", b"{", b"[" * 100_000, b'"repository"'):
            self.assertEqual(self.send(wrong, self.github(wrong))[0], 422, wrong[:20])
        self.assertEqual(self.asked(self.shop), before)

    def test_a_storm_changes_when_and_nothing_else(self):
        first = {source: self.number(source) for source in (self.shop, self.other)}
        asked = {source: self.asked(source) for source in first}
        began = time.monotonic()
        dice = random.Random(1)
        bodies = [self.payload(source, delivery=i) for source in first for i in range(200)]
        signed = [(body, self.github(body)) for body in bodies for _ in range(5)]  # each five times, in any order
        dice.shuffle(signed)
        with concurrent.futures.ThreadPoolExecutor(8) as senders:
            sent = senders.map(lambda one: self.send(*one)[0], signed)
            for i in range(5):
                for source in first:
                    source.level(f"storm{i}").push(f"Storm {i}")
                time.sleep(dice.uniform(0, 0.2))
            self.assertEqual(set(sent), {202})
        for source in first:
            body = self.payload(source)
            self.send(body, self.github(body))
        at = {source: source.head() for source in first}
        self.until("the newest of both is out", lambda: all(at[source] in self.daemon.gitops("log", "-1", "--format=%B", "deploy", "--", f"apps/{source.target}") for source in first))
        seconds = time.monotonic() - began
        for source in first:
            looks = self.asked(source) - asked[source]
            # A look is one question, and a fetch of what moved (at most five times: git's two requests and ours).
            self.assertLessEqual(looks, seconds + 2 + 3 * 5, f"{len(signed)} webhooks in {seconds:.1f} s")
            numbers = sorted(int(tag.rsplit("/", 1)[1]) for tag in self.daemon.gitops("tag", "-l", f"release/{source.target}/*").split())
            self.assertEqual(numbers, list(range(1, numbers[-1] + 1)))
            self.assertLessEqual(numbers[-1] - first[source], 5, "no push is released twice")
            sources = [line for line in self.daemon.gitops("log", "--format=%B", "deploy", "--", f"apps/{source.target}").splitlines() if line.startswith("Source: ")]
            self.assertEqual(len(sources), len(set(sources)), "each commit of the source once")
        self.assertIn("The history is whole", self.daemon.cli("audit", "--repo", self.daemon.state / "repos" / "gitops.git", check=False).stdout)

    def test_what_is_lost_is_found_by_polls(self):
        number = self.number(self.other)
        self.other.level("unheard").push("Unheard")
        (self.folder / "daemon.yaml").write_text(self.config("300ms"))
        self.released(self.other, number + 1)
        (self.folder / "daemon.yaml").write_text(self.config("1h"))
        self.until("polls have ended", self.quiet)

    def quiet(self):
        before = self.asked(self.shop) + self.asked(self.other)
        time.sleep(1.5)
        return self.asked(self.shop) + self.asked(self.other) == before


if __name__ == "__main__":
    unittest.main(verbosity=2)
