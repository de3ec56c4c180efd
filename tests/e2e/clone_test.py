#!/usr/bin/env python3
"""What a plain clone tells: the pages about reading it, typed as they stand; baselines and witnesses; and releases whose sources are gone.

usage: AUTONOMOUS=path/to/autonomous clone_test.py [unittest's arguments]
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from local_test import PROGRAM, SPEC, Daemon, Project

SOURCE = Path(__file__).resolve().parents[2]
WEB = "production/shop/web"
PLATFORM = """version: 1
people:
  lena: {name: Lena Lead, email: lena@example.com}
  jane: {name: Jane Doe, email: jane@example.com}
roles:
  approver: {can: [approve, reject], members: [user:lena]}
  developer: {can: [deploy, promote, rollback], members: [user:jane]}
environments:
  staging: {from: branch main}
  production:
    from: staging
    approvals: {count: 1, from: approver, not: [requester]}
    rollback: {approvals: 0}
    ticket: "CHG[0-9]+"
    policies: {max: {pods: 5}}
"""
URLS = ("http://localhost:7300/git/gitops.git", "https://git.example.com/gitops.git")


def commands(page, heading=""):
    """What stands in the shell blocks below a heading, without its comments."""
    text = page.read_text()
    text = text[text.index(heading):] if heading else text
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
    for line in "".join(blocks[:1] if heading else blocks).splitlines():
        line = re.sub(r"\s+# .*$", "", line)
        if line:
            yield line


class Clone(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-clone-"))
        cls.daemon = d = Daemon(cls.folder)
        tokens = {}
        for name in ("lena", "jane"):
            file = cls.folder / f"{name}.token"
            file.write_text(f"token-of-{name}-0123456789\n")
            file.chmod(0o600)
            tokens[name] = {"file": str(file)}
        config = cls.folder / "daemon.yaml"
        config.write_text(json.dumps({"hosting": {"tokens": tokens}}))
        d.start("--config", str(config))
        cls.main = cls.folder / "main"
        d.git("clone", "-q", "-b", "main", f"{d.url}/git/gitops.git", cls.main)
        overlay = f"config/{WEB}.yaml"
        cls.platform({"platform.yaml": PLATFORM, overlay: "env: {PLACE: here}\nscale: 9\n"})
        cls.shop = Project(d, "shop")
        for level in ("one", "two"):
            cls.shop.write({"autonomous.yaml": SPEC.format(project="shop", level=level), "web/a": level}).push(f"Level {level}")
            if level == "one":
                said = cls.as_("jane", "promote", WEB, "--unverified", "--ticket", "CHG1234", check=False).stdout
                d.until(f"the failed attempt is written down: {said}", lambda: any(e["type"] == "failed" for e in d.ledger(WEB)))
                cls.platform({overlay: "env: {PLACE: here}\n"})
            cls.as_("jane", "promote", WEB, "--unverified", "--ticket", "CHG1234", "--because", "quarter end")
            cls.as_("lena", "approve", WEB)
        cls.as_("jane", "rollback", WEB, "--to", "1", "--because", "checkout fails", "--ticket", "CHG1235")
        d.until("outcomes are known", lambda: all(any(o["type"] == "outcome" and o["number"] == e["number"] for o in d.ledger(WEB))
                                                  for e in d.ledger(WEB) if e["type"] == "release"))

    @classmethod
    def tearDownClass(cls):
        if cls.daemon.alive():
            cls.daemon.stop()
        shutil.rmtree(cls.folder)

    @classmethod
    def platform(cls, files):
        for path, text in files.items():
            (cls.main / path).parent.mkdir(parents=True, exist_ok=True)
            (cls.main / path).write_text(text)
        cls.daemon.git("add", "-A", cwd=cls.main)
        cls.daemon.git("commit", "-qm", "Change what is wanted", cwd=cls.main)
        cls.daemon.git("push", "-q", f"{cls.daemon.url}/git/gitops.git", "main", cwd=cls.main)

    @classmethod
    def as_(cls, who, *argv, check=True):
        env = cls.daemon.env | {"AUTONOMOUS_SERVER": cls.daemon.url, "AUTONOMOUS_TOKEN": f"token-of-{who}-0123456789"}
        done = subprocess.run([PROGRAM, *map(str, argv)], env=env, cwd=cls.folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300)
        if check and done.returncode not in (0, 6):
            raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}")
        return done

    def clone(self, name):
        self.daemon.git("clone", "-q", f"{self.daemon.url}/git/gitops.git", self.folder / name)
        return self.folder / name

    def signers(self, *more):
        """The daemon's key, as somebody was told it."""
        file = self.folder / f"signers-{len(more)}"
        kind, key = self.daemon.run("ssh-keygen", "-y", "-f", self.daemon.state / "keys" / "signing").stdout.split()[:2]
        file.write_text("".join(line + "\n" for line in [f'autonomous@localhost namespaces="git" {kind} {key}', *more]))
        return file

    # ---- the pages

    def type_in(self, page, heading=""):
        """Runs each command of a page in one plain clone, with the names of this history in place of the page's; gives each with what it said."""
        d = self.daemon
        place = self.folder / f"page-{page.name}"
        place.mkdir()
        bin_folder = place / "bin"
        bin_folder.mkdir()
        (bin_folder / "autonomous").symlink_to(shutil.which(PROGRAM) or PROGRAM)
        env = d.env | {"PATH": f"{bin_folder}:{d.env['PATH']}", "GIT_PAGER": "cat"}
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + 1))
        names = {url: f"{d.url}/git/gitops.git" for url in URLS} | {"2026-11-20 18:00": now, "3f2c1ab": self.shop.head()[:7], f"{WEB}/41": f"{WEB}/1",
                                                                   f"{WEB}/42": f"{WEB}/2", "2026-10-01": "2020-01-01"}
        told = []
        for line in commands(page, heading):
            typed = line
            for theirs, ours in names.items():
                typed = typed.replace(theirs, ours)
            if "git revert" in line:
                typed = typed.replace(f"{WEB}/2", f"{WEB}/3")  # the newest
            where = place / "gitops" if (place / "gitops").exists() else place
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", typed], cwd=where, env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=120)
            self.assertEqual(done.returncode, 0, f"{line}\n{typed}\n{done.stdout}{done.stderr}")
            if not told:
                shutil.copy(self.signers(), place / "gitops" / "signers")
                self.assertEqual(d.git("symbolic-ref", "HEAD", cwd=place / "gitops").strip(), "refs/heads/main", "a plain clone")
            told.append((line, done.stdout + done.stderr if "verify-" in line or "git clone" in line else done.stdout))
        return told

    def test_the_page_about_reading_runs_as_it_stands(self):
        told = self.type_in(SOURCE / "gitops" / "store" / "READING.md")
        self.assertGreater(len(told), 20)
        for line, said in told[1:]:
            self.assertTrue(said.strip(), f"{line} said nothing")
        out = dict(told)

        def of(part):
            return next(said for line, said in out.items() if part in line)

        self.assertEqual(len(of("git log --oneline origin/deploy").splitlines()), 3, "three releases")
        self.assertIn("Approved-By: Lena Lead", of("--no-patch"))
        self.assertIn("Image: web=registry.example.com/web:1", of("trailers:key=Image"))
        self.assertIn("Ticket: CHG1234", of("interpret-trailers"))
        self.assertIn("release 3", of("Trigger: rollback"))
        self.assertIn("release 2", of("Ticket: CHG1234'"))
        self.assertIn("pods", of('select(.type == "failed")'))
        self.assertIn('Good "git" signature', of("verify-tag"))
        self.assertIn("PLACE", of("-- config/"))
        # The lines of before are left out.
        noisy = self.daemon.git("log", "-p", "origin/autonomous/ledger/deploy", "--", WEB, cwd=self.folder / "page-READING.md" / "gitops")
        self.assertLess(len(of("-p -U0")), len(noisy) * 0.7)
        self.daemon.until("the revert is a release", lambda: self.daemon.rows()[WEB].get("release", 0) >= 4)

    def test_the_readme_of_an_auditor_runs_as_it_stands(self):
        told = self.type_in(SOURCE / "README.md", "## How an auditor checks")
        self.assertGreater(len(told), 6)
        for line, said in told[1:]:
            self.assertTrue(said.strip() or ">" in line, f"{line} said nothing")
        self.assertIn("The history is whole", told[1][1])
        self.assertIn("10. What was changed past the platform?", (self.folder / "page-README.md" / "gitops" / "evidence.html").read_text())

    # ---- was anything cut?

    def test_a_signed_baseline_and_a_witness_elsewhere(self):
        d = self.daemon
        d.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "auditor", "-f", self.folder / "auditor")
        kind, key = (self.folder / "auditor.pub").read_text().split()[:2]
        signers = self.signers(f'auditor@example.com namespaces="autonomous-baseline" {kind} {key}')
        clone, baseline = self.clone("audited"), self.folder / "q4.baseline"
        d.cli("audit", clone, "--allowed-signers", signers, "--write-baseline", baseline, "--sign", self.folder / "auditor")
        self.assertIn("-----BEGIN SSH SIGNATURE-----", baseline.read_text())

        def judged(*argv):
            done = d.cli("audit", clone, "--allowed-signers", signers, "-o", "json", *argv, check=False)
            return done.returncode, sorted({f["rule"] for f in json.loads(done.stdout)["findings"] if f["severity"] != "note"})

        self.assertEqual(judged("--baseline", baseline), (0, []))
        forged = self.folder / "forged.baseline"
        forged.write_text(re.sub(r'"releases":\d+', '"releases":1', baseline.read_text()))
        self.assertEqual(judged("--baseline", forged), (1, ["baseline-signature"]))
        # The witness is asked by its address, and knows more than a clone of before.
        witness = f"{d.url}/git/gitops.git"
        self.assertEqual(judged("--witness", witness), (0, []))
        self.shop.write({"web/a": "three", "autonomous.yaml": SPEC.format(project="shop", level="three")}).push("Three")
        self.assertEqual(judged("--witness", witness), (1, ["history-cut"]))
        self.assertEqual(judged("--baseline", baseline), (0, []), "the baseline is of before")
        d.git("fetch", "-q", "--tags", "origin", cwd=clone)
        self.assertEqual(judged("--witness", witness), (0, []))
        d.git("update-ref", "refs/remotes/origin/deploy", "refs/remotes/origin/deploy~4", cwd=clone)
        code, rules = judged("--baseline", baseline)
        self.assertEqual(code, 1)
        self.assertIn("history-cut", rules)

    # ---- years later

    def test_releases_whose_sources_are_gone_are_verified_and_explained(self):
        d = self.daemon
        clone = self.clone("later")
        repository = d.state / "repos" / "shop.git"
        self.assertTrue(repository.exists())
        away = self.folder / "shop-away.git"
        os.rename(repository, away)
        worktree = self.folder / "shop-away"
        os.rename(self.shop.folder, worktree)
        try:
            for number in ("1", "2", "3"):
                self.assertIn("every byte is the same", d.cli("verify", f"{WEB}/{number}", clone).stdout)
            out = d.cli("blame", WEB, "configmap/web-env.data.LEVEL", clone).stdout
            self.assertIn("= one", out)
            self.assertIn(f"release {WEB}/", out)
            self.assertRegex(out, r"set by +autonomous.yaml:4 ")
            self.assertRegex(d.cli("blame", WEB, "configmap/web-env.data.PLACE", clone).stdout, rf"set by +config/{WEB}.yaml:1 ")
            self.assertIn("The history is whole", d.cli("audit", clone).stdout)
        finally:
            os.rename(away, repository)
            os.rename(worktree, self.shop.folder)


if __name__ == "__main__":
    unittest.main(verbosity=2)
