#!/usr/bin/env python3
"""What people decide: promotions, approvals, freezes, marks; and that all of it is in git and nowhere else.

usage: AUTONOMOUS=path/to/autonomous decisions_test.py [unittest's arguments]
"""
import getpass
import json
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

from local_test import PROGRAM, SPEC, Daemon, Project

PLATFORM = """version: 1
people:
  lena: {{name: Lena Lead, email: lena@example.com, keys: ["{key}"]}}
  carl: {{name: Carl, email: carl@example.com}}
roles:
  approver: {{can: [approve, reject], members: [user:lena, user:olga, user:rita]}}
  developer: {{can: [deploy, retry, promote, rollback, hold, resume, cancel, freeze, mark-bad, break-glass], members: [user:carl, "user:{login}"]}}
environments:
  staging: {{from: branch main}}
  production:
    from: staging
    approvals: {{count: 1, from: approver, not: [author, requester]}}
    rollback: {{approvals: 0}}
  free: {{from: staging, ticket: "CHG[0-9]+"}}
  guarded: {{from: branch guarded, protected: true}}
  reviewed:
    from: branch reviewed
    approvals: {{count: 1, not: [requester, author], from: approver}}
"""


class Decisions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="autonomous-decisions-"))
        cls.daemon = d = Daemon(cls.folder)
        d.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lena", "-f", cls.folder / "lena")
        tokens = {}
        for name in ("lena", "olga", "rita", "carl", "guest"):
            file = cls.folder / f"{name}.token"
            file.write_text(f"token-of-{name}-0123456789\n")
            file.chmod(0o600)
            tokens[name] = {"file": str(file)}
        cls.config = cls.folder / "daemon.yaml"
        cls.config.write_text(json.dumps({"hosting": {"tokens": tokens}}))
        d.start("--config", str(cls.config))
        cls.main = cls.folder / "main"
        d.git("clone", "-q", "-b", "main", f"{d.url}/git/gitops.git", cls.main)
        cls.rules = PLATFORM.format(key=(cls.folder / "lena.pub").read_text().strip(), login=getpass.getuser())
        cls.platform({"platform.yaml": cls.rules})

    @classmethod
    def tearDownClass(cls):
        if cls.daemon.alive():
            cls.daemon.stop()
        shutil.rmtree(cls.folder)

    @classmethod
    def platform(cls, files, message="Change the platform", who=()):
        for path, text in files.items():
            (cls.main / path).parent.mkdir(parents=True, exist_ok=True)
            (cls.main / path).write_text(text)
        cls.daemon.git("add", "-A", cwd=cls.main)
        cls.daemon.git(*who, "commit", "-qm", message, cwd=cls.main)
        cls.daemon.git("push", "-q", f"{cls.daemon.url}/git/gitops.git", "main", cwd=cls.main)

    def restart(self, keep=("repos", "keys"), kill=False):
        """Ends the daemon and takes away all but what is named."""
        d = self.daemon
        if kill:
            d.process.kill()
        self.assertEqual(d.stop(), -9 if kill else 0)
        for part in d.state.iterdir():
            if part.name not in keep:
                shutil.rmtree(part) if part.is_dir() else part.unlink()
        d.start("--config", str(self.config))

    def shop(self, name):
        shop = Project(self.daemon, name).write({"autonomous.yaml": SPEC.format(project=name, level="one"), "web/a": "1", "api/a": "1"})
        out = shop.push("Open the shop")
        self.assertIn("release 1", out)
        return shop

    def as_(self, who, *argv, check=True):
        env = self.daemon.env | {"AUTONOMOUS_SERVER": self.daemon.url, "AUTONOMOUS_TOKEN": f"token-of-{who}-0123456789"}
        done = subprocess.run([PROGRAM, *map(str, argv)], env=env, cwd=self.folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout)
        return done

    def promote(self, target, *more, who="carl"):
        return self.as_(who, "promote", target, "--unverified", *more, check=False)

    def proposals(self, target):
        rows = json.loads(self.as_("guest", "approve", "-o", "json").stdout)["proposals"]
        return [row for row in rows if row["target"] == target]

    def message(self, target):
        return self.daemon.gitops("log", "-1", "--format=%B", "deploy", "--", f"apps/{target}")

    def audit(self):
        clone = self.folder / "auditor"
        shutil.rmtree(clone, ignore_errors=True)
        self.daemon.git("clone", "-q", f"{self.daemon.url}/git/gitops.git", clone)
        done = self.daemon.cli("audit", "--repo", clone, check=False)
        self.assertIn("The history is whole", done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)

    # ---- the policy itself

    def test_a_weaker_policy_needs_the_approvals_of_the_one_before(self):
        self.shop("weakens")
        target, policy = "production/weakens/web", "production/platform.yaml"
        self.assertIn("waits for 1 approval", self.promote(target).stdout)
        self.platform({"platform.yaml": self.rules.replace("count: 1, from: approver, not: [author, requester]", "count: 0")})
        self.daemon.until("people are asked", lambda: self.proposals(policy))
        self.assertIn("approvals.count is 0 instead of 1", self.proposals(policy)[0]["because"])
        self.restart()
        self.daemon.until("it waits as before", lambda: self.daemon.rows().get(target, {}).get("state") == "waiting")
        self.assertIn("waits for 1 approval", self.daemon.rows()[target]["why"])
        self.assertIn("stays in force", self.as_("carl", "doctor", check=False).stdout)
        self.assertEqual(self.as_("carl", "approve", policy, check=False).returncode, 4)
        # main does not say who pushed: the first to agree is held to be the one who asks.
        self.assertIn("stands for it", self.as_("lena", "approve", policy).stdout)
        self.assertIn("who agrees first", self.as_("guest", "approve").stdout)
        self.assertIn("it is in force", self.as_("olga", "approve", policy, "--because", "for the quarter's end").stdout)
        self.daemon.until("it goes out", lambda: self.daemon.rows()[target].get("release") == 1)
        self.assertNotIn("Approved-By", self.message(target))
        self.assertIn("approve production", self.daemon.gitops("log", "--format=%B", "autonomous/ledger/deploy", "--", "_platform"))
        self.audit()
        self.platform({"platform.yaml": self.rules})
        self.assertEqual(self.proposals(policy), [])

    # ---- promotion and approval

    def test_a_promotion_moves_the_artifact_and_waits_for_people(self):
        shop = self.shop("moves")
        target = "production/moves/web"
        done = self.as_("carl", "promote", target, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nobody knows whether staging/moves/web/1 works", done.stdout)
        self.assertIn("--unverified", done.stdout)
        done = self.promote(target, "--because", "quarter end")
        self.assertEqual(done.returncode, 6, done.stdout)
        self.assertIn("waits for 1 approval", done.stdout)
        self.assertEqual(self.daemon.rows()[target]["state"], "waiting")
        done = self.as_("carl", "approve", target, check=False)
        self.assertEqual(done.returncode, 4, done.stdout)
        done = self.as_("guest", "approve", target, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn("may not approve", done.stdout)
        row = self.proposals(target)[0]
        self.assertEqual((row["needed"], row["origin"], row["because"]), (1, "staging/moves/web/1", "quarter end"))
        done = self.as_("lena", "approve", target, "--because", "looked at it")
        self.assertIn("release 1", done.stdout)
        message = self.message(target)
        self.assertIn("Trigger: promotion", message)
        self.assertIn("Promoted-From: staging/moves/web/1", message)
        self.assertIn("Approved-By: Lena Lead <lena@example.com> (attested by the daemon: token lena)", message)
        self.assertIn("Requested-By: Carl <carl@example.com> (token carl)", message)
        self.assertEqual([e["type"] for e in self.daemon.ledger(target)], ["propose", "approve", "release", "outcome"])
        self.assertEqual(self.daemon.gitops("log", "-1", "--format=%an", "deploy", "--", f"apps/{target}").strip(), "Carl", "he caused it")
        listed = self.as_("guest", "releases", target).stdout
        self.assertIn("Carl <carl@example.com>", listed)
        self.assertIn("quarter end", listed)
        # What people said can be read back: with the release, and by itself.
        shown = json.loads(self.as_("guest", "show", target + "/1", "-o", "json").stdout)
        self.assertEqual([(one["type"], one["because"]) for one in shown["decisions"]], [("propose", "quarter end"), ("approve", "looked at it")])
        self.assertEqual(shown["decisions"][1]["who"], "Lena Lead <lena@example.com> (attested by the daemon: token lena)")
        self.assertGreater(shown["waited_ms"], 0)
        self.assertIn("approve  Lena Lead", self.as_("guest", "show", target + "/1").stdout)
        self.as_("carl", "mark-bad", target + "/1", "--because", "for a moment")
        self.as_("carl", "unmark", target + "/1", "--because", "it was nothing")
        self.as_("carl", "hold", target, "--because", "quarter end", "--until", "2h", "--ticket", "CHG7")
        out = self.as_("carl", "resume", target, "--because", "it is over").stdout
        self.assertIn("takes promotions again", out)
        self.assertNotIn("goes out\n", out.replace("what is promoted goes out", ""))
        rows = json.loads(self.as_("guest", "decisions", target, "-o", "json").stdout)["decisions"]
        self.assertEqual([row["type"] for row in rows], ["resume", "hold", "unmark", "mark-bad", "approve", "propose"])
        self.assertTrue(rows[1]["until"] and rows[1]["ticket"] == "CHG7" and rows[1]["who"].startswith("Carl"), rows[1])
        self.assertEqual([one["type"] for one in json.loads(self.as_("guest", "show", target + "/1", "-o", "json").stdout)["decisions"]][2:4], ["mark-bad", "unmark"])
        self.assertIn("mark-bad", self.as_("guest", "decisions", "--type", "mark-bad").stdout)
        for line in ("Image: ", "Source: "):
            staging = [x for x in self.message("staging/moves/web").splitlines() if x.startswith(line)]
            self.assertEqual([x for x in message.splitlines() if x.startswith(line)], staging)
        # The spec's image moved on meanwhile; what was tested is what moves.
        shop.write({"autonomous.yaml": SPEC.format(project="moves", level="one").replace("web:1", "web:2")}).push("Another image")
        out = self.as_("guest", "why", target).stdout
        self.assertIn("staging/moves/web runs release 2", out)
        self.assertIn(f"what staging/moves/web runs is not what runs here: autonomous promote {target}", out)
        done = self.promote(target, "--from", "1")
        self.assertEqual((done.returncode, self.proposals(target)), (0, []), "nobody is asked about what changes nothing")
        self.promote(target)
        self.as_("lena", "approve", target)
        self.assertIn("Image: web=registry.example.com/web:2", self.message(target))
        out = self.as_("guest", "why", target).stdout
        self.assertIn("production is promoted to from staging", out)
        self.assertIn("release 2 is commit", out)
        self.assertNotIn("autonomous promote", out)
        self.audit()

    def test_deleting_all_but_the_repositories_changes_nothing(self):
        self.shop("survives")
        target = "production/survives/web"
        self.promote(target, "--because", "first")
        before = self.proposals(target)[0]
        self.restart()
        self.daemon.until("the proposal is there again", lambda: target in self.daemon.rows() and self.daemon.rows()[target]["state"] == "waiting")
        after = self.proposals(target)[0]
        for key in ("id", "tree", "artifact", "input_digest", "who", "because", "origin"):
            self.assertEqual(after[key], before[key], key)
        self.assertEqual([e["type"] for e in self.daemon.ledger(target)], ["propose"])
        self.as_("lena", "approve", target, "--no-wait")
        self.restart()  # between an approval and its use
        self.daemon.until("it is released", lambda: self.daemon.rows().get(target, {}).get("release") == 1)
        self.assertIn("Approved-By: Lena Lead", self.message(target))
        self.assertEqual([e["type"] for e in self.daemon.ledger(target)][:3], ["propose", "approve", "release"])
        self.daemon.until("its outcome is known", lambda: self.daemon.rows()[target]["state"] == "unverified")
        self.audit()

    def test_what_people_asked_for_outlasts_the_daemon(self):
        shop = self.shop("lasts")
        web, api, staging = "production/lasts/web", "production/lasts/api", "staging/lasts/web"
        self.assertEqual(self.promote(web, "--because", "first").returncode, 6)
        shop.write({"web/a": "2", "autonomous.yaml": SPEC.format(project="lasts", level="two")}).push("Two")
        done = self.promote(web, "--because", "second")
        self.assertEqual(done.returncode, 6, done.stdout)
        self.assertIn("queued behind", done.stdout)
        self.assertEqual([e["type"] for e in self.daemon.ledger(web)], ["propose", "ask"])
        # Accepted, and the daemon is gone before anything can come of it.
        self.assertEqual(self.as_("carl", "rollback", staging, "--because", "it was better", "--no-wait").returncode, 0)
        self.assertEqual(self.promote(api, "--because", "third", "--no-wait").returncode, 0)
        self.restart(kill=True)
        self.daemon.until("the rollback is done", lambda: self.daemon.rows().get(staging, {}).get("release") == 3)
        self.assertIn("Because: it was better", self.message(staging))
        self.assertIn("hold", [e["type"] for e in self.daemon.ledger(staging)])
        self.daemon.until("both wait for people", lambda: len(self.proposals(web)) == 1 and len(self.proposals(api)) == 1)
        self.assertEqual(self.proposals(api)[0]["because"], "third")
        first = self.proposals(web)[0]
        self.assertEqual(first["because"], "first")
        self.as_("lena", "approve", web)
        self.daemon.until("the second is proposed", lambda: [r["because"] for r in self.proposals(web)] == ["second"])
        self.as_("lena", "approve", web)
        self.daemon.until("the second is out", lambda: self.daemon.rows()[web].get("release") == 2)
        self.assertIn("Requested-By: Carl", self.message(web))
        self.as_("lena", "approve", api)
        # Taken back, it does not rise again.
        shop.write({"autonomous.yaml": SPEC.format(project="lasts", level="three")}).push("Three")
        self.as_("carl", "resume", staging)
        self.promote(web, "--because", "fourth", "--no-wait")
        self.as_("carl", "cancel", web, "--because", "not today")
        self.restart()
        self.daemon.until("the source was read", lambda: self.as_("guest", "where", shop.head(), check=False).returncode == 0)
        self.assertEqual(self.proposals(web), [])
        self.assertEqual(self.daemon.rows()[web]["release"], 2)
        self.audit()

    def test_approvals_signed_by_the_persons_own_key(self):
        self.shop("signs")
        web, api = "production/signs/web", "production/signs/api"
        self.promote(web)
        self.promote(api)
        # Whoever carries the signature: here the guest, who may do nothing.
        self.assertIn("release 1", self.as_("guest", "approve", web, "--sign", self.folder / "lena").stdout)
        self.assertRegex(self.message(web), r"Approved-By: Lena Lead <lena@example.com> \(signed SHA256:[A-Za-z0-9+/]+\)")
        text = self.folder / "approval.txt"
        text.write_text(self.as_("guest", "approve", api, "--text", "--until", "2h").stdout)
        self.daemon.run("ssh-keygen", "-q", "-Y", "sign", "-n", "autonomous-approval", "-f", self.folder / "lena", text)
        tampered = self.folder / "tampered.txt"
        tampered.write_text(text.read_text().replace("until: 2", "until: 3"))
        shutil.copy(f"{text}.sig", f"{tampered}.sig")
        done = self.as_("guest", "approve", api, "--signed", tampered, check=False)
        self.assertEqual(done.returncode, 4, done.stdout)
        self.assertIn("does not fit what it signs", done.stdout)
        self.assertIn("release 1", self.as_("guest", "approve", api, "--signed", text).stdout)
        self.audit()

    def test_an_approval_is_void_when_what_it_approved_changes(self):
        self.shop("voids")
        target = "production/voids/web"
        self.promote(target)
        first = self.proposals(target)[0]
        self.platform({"config/production/other/app.yaml": "env: {A: b}\n"})
        tip = self.daemon.gitops("rev-parse", "--short=8", "main").strip()[:7]
        self.daemon.until("main was read", lambda: tip in self.daemon.cli("doctor", check=False).stdout)
        self.assertEqual(self.proposals(target)[0]["id"], first["id"], "what is not about it leaves it as it is")
        self.platform({"config/production/voids/web.yaml": "env: {LEVEL: two}\n"})
        self.daemon.until("it is proposed anew", lambda: self.proposals(target)[0]["id"] != first["id"])
        done = self.as_("lena", "approve", target)
        self.assertIn("release 1", done.stdout)
        self.assertIn("two", self.daemon.gitops("show", f"deploy:apps/{target}/values.yaml"))
        self.assertEqual([e["type"] for e in self.daemon.ledger(target)][:3], ["propose", "propose", "approve"])

    def test_rejected_and_cancelled(self):
        shop = self.shop("refuses")
        target = "production/refuses/web"
        self.promote(target)
        done = self.as_("lena", "reject", target, check=False)
        self.assertEqual(done.returncode, 2, "without a reason")
        self.as_("lena", "reject", target, "--because", "the migration is missing")
        self.assertEqual(self.proposals(target), [])
        self.promote(target)
        self.as_("carl", "cancel", target, "--because", "changed my mind")
        self.assertEqual(self.proposals(target), [])
        entries = self.daemon.ledger(target)
        self.assertEqual([e["type"] for e in entries], ["propose", "reject", "propose", "cancel"])
        self.assertEqual(entries[1]["by"]["how"], "token lena")
        # A newer artifact queues behind what is under review.
        self.promote(target)
        shop.write({"web/a": "2", "autonomous.yaml": SPEC.format(project="refuses", level="two")}).push("Two")
        done = self.promote(target)
        self.assertEqual(done.returncode, 6)
        self.assertIn("queued behind", done.stdout)
        self.as_("lena", "approve", target)
        self.daemon.until("the newer one is proposed", lambda: self.proposals(target) and self.proposals(target)[0]["origin"] == "staging/refuses/web/2")

    # ---- history

    def test_history_is_the_product(self):
        d, shop = self.daemon, self.shop("tells")
        web = "staging/tells/web"
        first = max(entry["time"] for app in ("web", "api") for entry in d.ledger(f"staging/tells/{app}"))
        shop.write({"autonomous.yaml": SPEC.format(project="tells", level="two")}).push("Two")
        shop.write({"autonomous.yaml": SPEC.format(project="tells", level="three").replace("port:", "prot:")}).push("Broken")
        d.until("the broken one is known", lambda: any(e["type"] == "failed" for e in d.ledger(web)))
        self.promote("production/tells/web")
        self.as_("lena", "approve", "production/tells/web", "--because", "looked at it")
        self.promote("production/tells/api")
        self.as_("lena", "reject", "production/tells/api", "--because", "not yet")
        d.until("all outcomes are known", lambda: all(row["state"] not in ("releasing", "new") for name, row in d.rows().items() if "/tells/" in name))

        def answers():
            out = {}
            for name, argv in {"releases": ("releases", "-p", "tells"), "show": ("show", web + "/2"), "shown": ("show", "production/tells/web/1"),
                               "where": ("where", shop.head()), "then": ("status", "-p", "tells", "--at", first),
                               "config": ("config", web, "--at", first), "diff": ("diff", web, "--at", first)}.items():
                out[name] = json.loads(self.as_("guest", *argv, "-o", "json").stdout)
            return out

        before = answers()
        rows = before["releases"]["releases"]
        failed = [row for row in rows if row["outcome"] == "failed"]
        self.assertTrue(failed and "prot" in failed[0]["reason"], rows)
        self.assertEqual([row["because"] for row in rows if row["outcome"] == "rejected"], ["not yet"])
        self.assertEqual(before["shown"]["approved_by"], ["Lena Lead <lena@example.com> (attested by the daemon: token lena)"])
        self.assertEqual({row["target"]: row["release"] for row in before["then"]["targets"]}, {web: 1, "staging/tells/api": 1})
        self.assertIn("one", [v["value"] for v in before["config"]["values"] if v["path"] == "env.LEVEL"])
        self.assertIn("two", before["diff"]["text"])
        # A fresh daemon, with nothing but the repositories (and its key, else the audit would rightly say that nobody brought the new one in).
        self.restart()
        d.until("the source was read", lambda: self.as_("guest", "where", shop.head(), check=False).returncode == 0)
        after = answers()
        for name in before:
            self.assertEqual(after[name], before[name], name)

    def test_reading_blaming_and_comparing(self):
        d, shop = self.daemon, self.shop("reads")
        web = "staging/reads/web"
        shop.write({"web/a": "2", "autonomous.yaml": SPEC.format(project="reads", level="two")}).push("Two")
        clone = self.folder / "reader"
        d.git("clone", "-q", "-b", "deploy", f"{d.url}/git/gitops.git", clone)

        def git(*argv):
            return d.git(*argv, cwd=clone)

        log = git("log", "--oneline", "deploy", "--", f"apps/{web}").splitlines()
        self.assertEqual(len(log), 2)
        self.assertIn(f"{web}: release 2 ", log[0])
        self.assertIn("Two", log[0])
        self.assertEqual(git("log", "--format=%s", "--grep", f"^Source: .* {shop.head()}", "deploy").splitlines()[-1][:len(web)], web)
        shown = git("show", "--no-patch", f"release/{web}/2")
        for word in (f"tag release/{web}/2", "Requested-By: ", "Image: web=registry.example.com/web:1", f"Undo: git revert release/{web}/2"):
            self.assertIn(word, shown)
        changed = git("diff", "--name-only", f"release/{web}/1", f"release/{web}/2", "--", f"apps/{web}").split()
        self.assertIn(f"apps/{web}/values.yaml", changed)
        diary = git("log", "--format=%B", "origin/autonomous/ledger/deploy", "--", web)
        self.assertIn(f"release {web}/2", diary)
        out = self.as_("guest", "blame", web, "configmap/web-env.data.LEVEL", clone).stdout
        self.assertIn("= two", out)
        self.assertIn(f"release {web}/2", out)
        self.assertRegex(out, r"set by +autonomous.yaml:4 ")
        out = self.as_("guest", "blame", web, "deployment/web.spec.template.spec.containers[web].image", clone, "-o", "json").stdout
        self.assertEqual(json.loads(out)["release"], f"{web}/1")
        self.assertEqual(self.as_("guest", "blame", web, "deployment/web.spec.nothing", clone, check=False).returncode, 3)
        # A history that is cut off is not read as if it were all.
        shallow = self.folder / "shallow"
        d.git("clone", "-q", "--depth", "1", "--no-single-branch", f"{d.url}/git/gitops.git", shallow)
        for argv in (["audit", "--repo", shallow], ["verify", f"{web}/2", shallow]):
            done = d.cli(*argv, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("is a shallow clone", done.stdout)
        # What another branch would change, everywhere.
        shop.write({"autonomous.yaml": SPEC.format(project="reads", level="three")}).push("Three, to be reviewed", branch="review")
        done = self.as_("guest", "diff", "reads", "--commit", shop.head(), "-o", "json")
        answers = {one["target"]: one for one in json.loads(done.stdout)["targets"]}
        self.assertEqual(set(answers), {f"{env}/reads/{app}" for env in ("staging", "production", "free", "guarded", "reviewed") for app in ("web", "api")})
        self.assertIn("ConfigMap/web-env", [one["resource"] for one in answers[web]["resources"]])
        self.assertIn("+", answers[web]["resources"][0]["text"])
        self.assertEqual(answers["staging/reads/api"]["resources"], [], "it has no such variable")
        page = self.as_("guest", "diff", "reads", "--commit", shop.head(), "-o", "markdown").stdout
        self.assertIn("### staging/reads/web", page)
        self.assertIn("```diff", page)
        report = self.as_("guest", "audit", clone, "--report", "csv").stdout
        self.assertIn(f"{web}/2,", report)
        baseline = self.folder / "baseline"
        self.as_("guest", "audit", clone, "--write-baseline", baseline)
        done = self.as_("guest", "audit", clone, "--baseline", baseline)
        self.assertIn("baseline is not signed", done.stdout)
        git("update-ref", "refs/remotes/origin/deploy", "refs/remotes/origin/deploy~1")
        self.assertEqual(self.as_("guest", "audit", clone, "--baseline", baseline, check=False).returncode, 1)

    def test_what_main_changes_is_the_doing_of_who_changed_it(self):
        d = self.daemon
        self.shop("overlays")
        web = "staging/overlays/web"
        clone = self.folder / "overlaid"
        d.git("clone", "-q", "-b", "deploy", f"{d.url}/git/gitops.git", clone)

        def git(*argv):
            return d.git(*argv, cwd=clone)

        olaf = ("-c", "user.name=Olaf Operator", "-c", "user.email=olaf@example.com")
        self.platform({f"config/{web}.yaml": "env: {LEVEL: overlay}\n"}, "Say more in staging", olaf)
        d.until("the overlay is released", lambda: d.rows()[web]["release"] == 2)
        d.until("its outcome is known", lambda: d.rows()[web]["state"] != "releasing")
        git("fetch", "-q", "origin")
        said = git("log", "-1", "--format=%an <%ae>%n%B", "origin/deploy", "--", f"apps/{web}")
        changed = d.gitops("rev-parse", "main").strip()
        for word in ("Olaf Operator <olaf@example.com>\n", "Trigger: configuration", "Because: Say more in staging\n",
                     "Requested-By: Olaf Operator <olaf@example.com> (commit, unverified)", f"main: config/{web}.yaml was changed in {changed}"):
            self.assertIn(word, said)
        row = json.loads(self.as_("guest", "releases", web, "-o", "json").stdout)["releases"][0]
        self.assertTrue(row["who"].startswith("Olaf Operator"), row)
        out = self.as_("guest", "blame", web, "configmap/web-env.data.LEVEL", clone).stdout
        self.assertRegex(out, rf"set by +config/{web}.yaml:1 ")
        self.assertIn(f"Olaf Operator <olaf@example.com> in {changed} of main: Say more in staging", out)
        self.audit()

    def test_what_main_changes_is_approved_by_others_than_who_changed_it(self):
        d = self.daemon
        shop = self.shop("reviews")
        web = "reviewed/reviews/web"
        self.assertIn("waits for 1 approval", shop.push("Reviewed", branch="reviewed"))
        self.as_("lena", "approve", web, "--no-wait")
        self.as_("lena", "approve", web.replace("web", "api"), "--no-wait")
        d.until("it is released", lambda: d.rows().get(web, {}).get("release") == 1)
        d.until("its outcome is known", lambda: d.rows()[web]["state"] not in ("releasing", "waiting"))

        olga = ("-c", "user.name=olga", "-c", "user.email=olga@example.com")
        self.platform({f"config/{web}.yaml": "env: {LEVEL: overlay}\n"}, "Say more where it is reviewed", olga)
        d.until("people are asked", lambda: self.proposals(web))
        self.assertIn("beside that of one who stands for it", d.rows()[web]["why"])
        # Whoever changed main is its author; who agrees first may be, and does not count.
        refused = self.as_("olga", "approve", web, check=False)
        self.assertEqual(refused.returncode, 4, refused.stdout)
        self.assertIn("olga changed the configuration", refused.stdout)
        self.assertIn("Lena Lead stands for it", self.as_("lena", "approve", web, "--no-wait").stdout)
        d.until("it says who", lambda: "beside Lena Lead, who agreed first and stands for it" in d.rows()[web]["why"])
        again = self.as_("lena", "approve", web, check=False)
        self.assertEqual(again.returncode, 4, again.stdout)
        self.assertIn("held to be the one who asks", again.stdout)
        self.assertIn("approved by rita", self.as_("rita", "approve", web, "--no-wait").stdout)
        d.until("it goes out", lambda: d.rows()[web]["release"] == 2)
        said = self.message(web)
        for word in ("Trigger: configuration", "Requested-By: olga <olga@example.com> (commit, unverified)", "Approved-By: rita "):
            self.assertIn(word, said)
        self.assertNotIn("Approved-By: Lena", said)
        d.until("its outcome is known", lambda: d.rows()[web]["state"] not in ("releasing", "waiting"))
        self.audit()

    # ---- freezes, marks, tickets

    def test_freeze_break_glass_and_tickets(self):
        self.shop("freezes")
        target = "free/freezes/web"
        done = self.promote(target)
        self.assertEqual(done.returncode, 2, "a ticket cannot be added later")
        self.assertIn("CHG[0-9]+", done.stdout)
        done = self.as_("carl", "freeze", "free", check=False)
        self.assertEqual(done.returncode, 2, "without a reason")
        self.as_("carl", "freeze", "free", "--because", "quarter end")
        done = self.promote(target, "--ticket", "CHG1")
        self.assertEqual(done.returncode, 6)
        self.assertIn("free is frozen by Carl: quarter end", done.stdout)
        self.restart()
        self.daemon.until("what waits is there again", lambda: target in self.daemon.rows())
        done = self.as_("carl", "break-glass", target, "--because", "checkout is down", check=False)
        self.assertEqual(done.returncode, 2, "in a script it takes --yes")
        self.as_("carl", "break-glass", target, "--because", "checkout is down", "--yes")
        self.daemon.until("it is released", lambda: self.daemon.rows()[target].get("release") == 1)
        types = [e["type"] for e in self.daemon.ledger(target)]
        self.assertLess(types.index("break-glass"), types.index("release"))
        self.as_("carl", "unfreeze", "free")
        done = self.as_("carl", "unfreeze", "free", check=False)
        self.assertEqual(done.returncode, 1)
        done = self.as_("guest", "freeze", "production", "--because", "for fun", check=False)
        self.assertEqual(done.returncode, 4)

    # ---- a hotfix past the platform

    def test_a_hotfix_in_a_protected_environment_waits_for_a_decision(self):
        d, target = self.daemon, "guarded/fixed/web"
        fixed = Project(d, "fixed").write({"autonomous.yaml": SPEC.format(project="fixed", level="one"), "web/a": "1", "api/a": "1"})
        self.assertIn("release 1", fixed.push("One", branch="guarded"))
        clone = self.folder / "hotfix"
        d.git("clone", "-q", "-b", "deploy", f"{d.url}/git/gitops.git", clone)
        manifest = next((clone / "apps" / target / "manifests").glob("deployment*.yaml"))

        def tree(commit="deploy"):
            return d.gitops("rev-parse", f"{commit}:apps/{target}").strip()

        def hotfix(word):
            d.git("pull", "-q", f"{d.url}/git/gitops.git", "deploy", cwd=clone)
            manifest.write_text(re.sub(r"registry.example.com/web:\w+", f"registry.example.com/web:{word}", manifest.read_text()))
            d.git("commit", "-qam", f"Hotfix {word}", cwd=clone)
            self.assertIn("drift", d.run("git", "push", f"{d.url}/git/gitops.git", "HEAD:deploy", cwd=clone).stdout)
            return tree()

        first = hotfix("patched")
        self.assertIn("held", fixed.write({"autonomous.yaml": SPEC.format(project="fixed", level="two")}).push("Two", branch="guarded"))
        self.assertEqual(tree(), first, "it is never overwritten silently")
        done = self.as_("carl", "resume", target, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("--replace brings back what was released", done.stdout)
        # Kept until the next release. One that waits already would come at once.
        done = self.as_("carl", "resume", target, "--keep", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"autonomous cancel {target}", done.stdout)
        self.as_("carl", "cancel", target, "--because", "the hotfix first")
        self.as_("carl", "resume", target, "--keep", "--because", "the fix is in review")
        self.assertEqual(tree(), first)
        self.restart()
        d.until("the branches are read again", lambda: "is at" in d.cli("why", target, check=False).stdout)
        self.assertEqual(tree(), first, "a start changes nothing")
        self.assertIn("release 2", fixed.write({"autonomous.yaml": SPEC.format(project="fixed", level="three")}).push("Three", branch="guarded"))
        self.assertNotIn("patched", d.gitops("show", f"deploy:apps/{target}/manifests/{manifest.name}"))
        # Replaced at once, by the newest commit.
        hotfix("again")
        self.as_("carl", "resume", target, "--replace", "--because", "not wanted")
        d.until("the newest commit is there again", lambda: d.rows()[target]["release"] == 3)
        self.assertEqual(tree(), tree(f"release/{target}/3"))
        self.assertNotIn("again", d.gitops("show", f"deploy:apps/{target}/manifests/{manifest.name}"))
        kinds = [entry["type"] for entry in d.ledger(target)]
        self.assertEqual(kinds.count("drift"), 2, kinds)
        self.assertEqual(kinds.count("resume"), 2, kinds)
        self.audit()

    def test_a_bad_artifact_goes_nowhere(self):
        self.shop("marks")
        self.as_("carl", "mark-bad", "staging/marks/web/1", "--because", "loses orders")
        done = self.promote("free/marks/web", "--ticket", "CHG1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("marked bad: loses orders", done.stdout)
        self.restart()
        self.as_("carl", "unmark", "staging/marks/web")
        done = self.promote("free/marks/web", "--ticket", "CHG1")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_somebody_elses_tag_burns_a_number(self):
        d, shop = self.daemon, self.shop("burns")
        web = "staging/burns/web"
        d.gitops("tag", f"release/{web}/2", "main")  # past the hosting, which takes no tags from people
        out = shop.write({"web/a": "2", "autonomous.yaml": SPEC.format(project="burns", level="two")}).push("Two")
        self.assertIn(f"number 2 is burnt: the tag release/{web}/2 is there already, and it is not the platform's", out)
        self.assertIn("release 3", out)
        self.assertIn(f"Undo: git revert release/{web}/3", self.message(web))
        self.assertEqual(d.gitops("rev-parse", f"release/{web}/3^{{}}").strip(), d.gitops("log", "-1", "--format=%H", "deploy", "--", f"apps/{web}").strip())
        checks = [c for c in json.loads(self.as_("guest", "doctor", "-o", "json", check=False).stdout)["checks"] if web in c["text"]]
        self.assertTrue(checks and checks[0]["state"] == "warning" and "number 2 of" in checks[0]["text"], checks)
        rows = json.loads(self.as_("guest", "releases", web, "-o", "json").stdout)["releases"]
        self.assertEqual([(row["release"], row["outcome"]) for row in rows if row["outcome"] == "burnt"], [(2, "burnt")])
        done = self.as_("guest", "show", web + "/2", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("its number is burnt", done.stdout)
        self.assertIn("number 2 is burnt", d.rows()[web]["why"])
        self.restart()
        d.until("the branches are read again", lambda: "is at" in d.cli("why", web, check=False).stdout)
        self.assertIn("release 4", shop.write({"autonomous.yaml": SPEC.format(project="burns", level="three")}).push("Three"))
        d.until("its outcome is known", lambda: d.rows()[web]["state"] != "releasing")
        self.audit()

    def test_what_was_tried_is_known_for_ever(self):
        d, shop = self.daemon, self.shop("tries")
        web = "staging/tries/web"
        spec = SPEC.format(project="tries", level="one")
        shop.write({"autonomous.yaml": spec.replace("port:", "prot:")}).push("Broken")
        broken, heads = shop.head(), []
        for i in range(12):
            shop.write({"autonomous.yaml": spec, "web/a": f"quiet {i}"}).push(f"Quiet {i}")
            heads.append(shop.head())
        quiet = heads[0]
        d.until("the last is known", lambda: sum(e["type"] == "unchanged" for e in d.ledger(web)) == 12)

        def answers():
            where = {commit: json.loads(self.as_("guest", "where", commit, "-o", "json").stdout) for commit in (broken, quiet)}
            failed = [row for row in json.loads(self.as_("guest", "releases", web, "-o", "json").stdout)["releases"] if row["outcome"] == "failed"]
            return {commit: [row for row in answer["targets"] if row["target"] == web] for commit, answer in where.items()}, failed

        where, failed = answers()
        self.assertEqual([row["state"] for row in where[broken]], ["failed"])
        self.assertEqual([(row["state"], row["text"]) for row in where[quiet]], [("not released", "it changed nothing")])
        self.assertEqual([row["source_commit"] for row in failed], [broken])
        self.assertIn("failed", self.as_("guest", "why", broken).stdout)
        # Pages go on before what was listed last, attempts and all.
        shop.write({"autonomous.yaml": SPEC.format(project="tries", level="two")}).push("Two")
        d.until("it is released", lambda: d.rows()[web]["release"] == 2)
        for before in ("2", [e["time"] for e in d.ledger(web) if e["type"] == "unchanged"][0]):
            rows = json.loads(self.as_("guest", "releases", web, "--before", before, "-o", "json").stdout)["releases"]
            self.assertEqual([row["outcome"] for row in rows], ["failed", "unverified"], before)
        # Once the source is gone, the ledger answers.
        d.until("its outcome is known", lambda: d.rows()[web]["state"] != "releasing")
        shutil.move(d.state / "repos" / "tries.git", self.folder / "tries.git")
        self.restart()
        self.assertEqual(answers(), (where, failed))
        self.audit()

    def test_a_resume_says_what_it_did_and_what_it_could_not(self):
        shop, web = self.shop("resumes"), "staging/resumes/web"
        self.as_("carl", "hold", web, "--because", "look at it")
        shop.write({"autonomous.yaml": SPEC.format(project="resumes", level="two").replace("port:", "prot:")}).push("Broken")
        done = self.as_("carl", "resume", web, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("the hold has ended, but the newest commit cannot be released", done.stdout)
        self.assertIn("prot", done.stdout)
        self.assertEqual(self.as_("carl", "resume", web, check=False).returncode, 1, "nothing holds it any more")
        self.assertIn("release 2", shop.write({"autonomous.yaml": SPEC.format(project="resumes", level="three")}).push("Mended"))
        # Whoever leaves may ask that it is kept.
        request = urllib.request.Request(self.daemon.url + "/api/v1/keep", data=b"{}", method="POST",
                                         headers={"Authorization": "Bearer token-of-carl-0123456789", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertEqual(json.loads(answer.read())["affected"], [])

    def test_a_rollback_does_not_go_to_what_was_marked_bad(self):
        shop, web = self.shop("evades"), "staging/evades/web"
        for number in (2, 3):
            self.assertIn(f"release {number}", shop.write({"web/a": str(number), "autonomous.yaml": SPEC.format(project="evades", level=f"v{number}")}).push(f"Change {number}"))
        self.daemon.until("its outcome is known", lambda: self.daemon.rows()[web]["state"] != "releasing")
        self.as_("carl", "mark-bad", web + "/2", "--because", "loses orders")
        done = self.as_("carl", "rollback", web, "--to", "2", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("was marked bad by Carl: loses orders", done.stdout)
        done = self.as_("carl", "rollback", web, "--because", "checkout fails")
        self.assertIn("goes back to release 1 (not to 2, which was marked bad by Carl: loses orders)", done.stdout)
        said = self.message(web)
        self.assertIn(f"Rollback-Of: {web}/1\n", said)
        # Taken off by a person, on purpose, it may be gone to again; with both marked nothing is left.
        self.as_("carl", "unmark", web + "/2", "--because", "it was the database")
        self.as_("carl", "rollback", web, "--to", "2", "--because", "it was well")
        self.assertIn(f"Rollback-Of: {web}/2\n", self.message(web))
        for number in (1, 2, 3):
            self.as_("carl", "mark-bad", f"{web}/{number}", "--because", f"bad {number}")
        done = self.as_("carl", "rollback", web, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("has no earlier release that worked but those that were marked bad", done.stdout)
        self.audit()


if __name__ == "__main__":
    unittest.main(verbosity=2)
