#!/usr/bin/env python3
"""The quickstart does what it says: the main job before one's eyes, a whole history, nothing left behind.

usage: BUILD=folder quickstart_test.py [unittest's arguments]     BUILD: where it builds, so that a build that is there is used
"""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid
from pathlib import Path

QUICKSTART = Path(__file__).resolve().parents[2] / "samples" / "quickstart"
MARK = "QUICKSTART_TEST"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="autonomous-test-")
        self.addCleanup(self.folder.cleanup)
        self.mark = uuid.uuid4().hex
        self.addCleanup(self.end_what_is_left)

    def run_it(self, *options, port):
        env = os.environ | {"PORT": str(port), "TMPDIR": self.folder.name, MARK: self.mark}
        return subprocess.run([QUICKSTART, *options], env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=3000)

    def left(self):
        """Processes that inherited this test's mark."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
            except OSError:
                pass  # ended meanwhile
        return found

    def end_what_is_left(self):
        for pid, _ in self.left():
            os.kill(pid, signal.SIGKILL)

    def wait_until_all_ended(self):
        end = time.monotonic() + 60
        while self.left() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.left(), [])

    def parts(self, out):
        """The output by its headings `── N. …`."""
        titles = re.split(r"\n── (.*)\n", out)
        return {title.split(".")[0]: text for title, text in zip(titles[1::2], titles[2::2])}

    def test_the_main_job(self):
        done = self.run_it(port=free_port())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        parts = self.parts(done.stdout)
        everything = done.stdout + done.stderr

        # The pusher sees the steps, of both apps and then of one only.
        pushes = done.stderr.split("remote:", 1)
        self.assertEqual(len(pushes), 2, done.stderr)
        for app in ("web", "api"):
            self.assertRegex(everything, rf"remote: .*local/market/{app}.*release 1")
        # The commit with its trailers, the ledger's entry, the tags.
        for trailer in (r"Release: local/market/web/1", r"Trigger: push", r"Source: \S+ [0-9a-f]{40} refs/heads/main", r"Input-Digest: sha256:[0-9a-f]{64}",
                        r"Target-Tree: [0-9a-f]{40}", r"Requested-By: "):
            self.assertRegex(parts["3"], rf"(?m)^ +{trailer}")
        self.assertRegex(parts["3"], r'(?m)^\{"v":1,"type":"release",.*"target":"local/market/web","number":1\b')
        for app in ("web", "api"):
            self.assertRegex(parts["3"], rf"(?m)^release/local/market/{app}/1 +-> commit [0-9a-f]+")
            self.assertRegex(parts["3"], rf"(?m)^local/market/{app} .*\b1\b")
        # The second push releases web only; api keeps its first.
        self.assertRegex(parts["4"], r"local/market/web\D+2\b")
        self.assertNotRegex(parts["4"], r"local/market/api\D+2\b")
        # The revert is a rollback, and holds.
        first = re.search(r"(?m)^local/market/web .*\b1 +([0-9a-f]{7}) Open the shop", parts["3"])[1]
        self.assertRegex(parts["5"], rf"(?m)^local/market/web .*held +3 +{first} Open the shop .*held by Jane Doe")
        self.assertRegex(parts["5"], r"(?m)^ +… hold +waiting: held by Jane Doe")
        self.assertRegex(parts["6"], r"(?i)whole")
        # It shows what it runs, and ends with what to try next.
        for command in ("git push", "autonomous status", "autonomous releases", "git revert --no-edit", "autonomous audit --repo"):
            self.assertIn(f"$ {command}", done.stdout)
        self.assertIn("What to try next:", parts["That was it"])
        self.assertRegex(done.stdout.splitlines()[-1], r"^done in \d+ s$")
        # Nothing stays: no process, no file.
        self.wait_until_all_ended()
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_keep_leaves_the_daemon_running(self):
        done = self.run_it("--keep", port=free_port())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        pid = int(re.search(r"stop it with: kill (\d+)", done.stdout)[1])
        page = re.search(r"page +(\S+)", done.stdout)[1]
        with urllib.request.urlopen(page + "healthz", timeout=60) as answer:
            self.assertEqual(answer.status, 200)
        with urllib.request.urlopen(page + "api/v1/status", timeout=60) as answer:
            self.assertIn("local/market/web", json.dumps(json.load(answer)))
        os.kill(pid, signal.SIGTERM)
        self.wait_until_all_ended()

    def test_a_taken_port_is_said_in_one_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = self.run_it(port=port)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.splitlines(), [f"quickstart: port {port} is taken; choose another one with PORT=…"])
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_an_unknown_argument_is_said_in_one_line(self):
        done = self.run_it("--kep", port=free_port())
        self.assertEqual(done.returncode, 2)
        self.assertEqual((done.stdout, len(done.stderr.splitlines())), ("", 1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
