"""A daemon on a state folder of its own, under the shim or not; what is asked of it, and what must hold afterwards."""
import http.client
import json
import mmap
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

PROGRAM = os.environ.get("AUTONOMOUS", "autonomous")
SHIM = os.environ.get("FAULT_SHIM", "")
PATIENCE = 180  # seconds, on a loaded machine with sanitizers
TARGETS = ("local/shop/web", "local/shop/api")
SPEC = """version: 1
project: shop
apps:
  web: {{image: registry.example.com/web:1, port: 8080, paths: [web], env: {{LEVEL: "{web}"}}}}
  api: {{image: registry.example.com/api:1, port: 8080, paths: [api], env: {{LEVEL: "{api}"}}}}
"""
COUNT, KILL_SELF, KILL_ALL, FAIL, RECORD = range(5)


class Broken(Exception):
    """What must hold does not."""


class Control:
    """The shim's shared memory: crash/shim.cc says what stands where."""
    WHAT, KINDS = 80 + 512 * 8, 80 + 512 * 8 + 512
    SIZE, FIELDS = KINDS + 16384, {"calls": 0, "at": 8, "until": 16, "mode": 24, "error": 32, "armed": 40, "hits": 48, "lock": 56, "events": 64, "processes": 72}

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(self.SIZE))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), self.SIZE)

    def __getitem__(self, name):
        return struct.unpack_from("Q", self.map, self.FIELDS[name])[0]

    def __setitem__(self, name, value):
        struct.pack_into("Q", self.map, self.FIELDS[name], value)

    def what(self):
        return self.map[self.WHAT:self.KINDS].split(b"\0")[0].decode(errors="replace")

    def kind(self, call):
        """Of a call that was counted: o (opens), r (removes), c."""
        return chr(self.map[self.KINDS + call]) if call < 16384 else "c"

    def pids(self):
        return [struct.unpack_from("q", self.map, 80 + 8 * i)[0] for i in range(min(self["processes"], 512))]


class Socket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self.path))


class Bed:
    def __init__(self, folder, template=None, elsewhere=False):
        """elsewhere: the GitOps repository is a remote, and the daemon has a mirror of it."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state, self.source = self.folder / "state", self.folder / "source"
        self.remote = self.folder / "gitops.git" if elsewhere else None
        self.record = self.remote or self.state / "repos/gitops.git"
        self.gave_up = 0
        if template:
            for part in ("state", "source", *(["gitops.git"] if elsewhere else [])):
                shutil.copytree(template / part, self.folder / part, symlinks=True, copy_function=shutil.copy2)
        self.source.mkdir(exist_ok=True)
        config = self.folder / "gitconfig"
        config.write_text("[user]\n name = Jane Doe\n email = jane@example.com\n[init]\n defaultBranch = main\n[safe]\n directory = *\n[advice]\n detachedHead = false\n")
        self.env = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self.env |= {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "NO_COLOR": "1", "TMPDIR": str(self.state / "tmp"),  # watched, too
                     "AUTONOMOUS_SERVER": f"unix:{self.state}/autonomous.sock", "ASAN_OPTIONS": "detect_leaks=0"}
        self.process, self.control = None, None
        if self.remote:
            if not self.remote.exists():
                self.git("init", "-q", "--bare", "-b", "main", self.remote)
            (self.folder / "daemon.yaml").write_text(f"gitops: {{url: \"file://{self.remote}\"}}\nsources: {{allow_file_urls: true}}\n")

    # ---- the daemon

    def start(self, control=None, wait=True, record=None):
        (self.state / "tmp").mkdir(parents=True, exist_ok=True)
        (self.state / "endpoint").unlink(missing_ok=True)
        env = dict(self.env)
        self.control = control
        if control:
            tools = self.folder / "tools"
            tools.mkdir(exist_ok=True)
            git = shutil.which("git", path=self.env["PATH"])
            preload = {"LD_PRELOAD": SHIM, "FAULT_ROOT": str(self.state), "FAULT_CONTROL": str(control.path),
                       "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"}
            if record:
                preload["FAULT_RECORD"] = str(record)
            # git is run with an environment of its own: the shim goes in again.
            words = " ".join(f"{key}='{value}'" for key, value in preload.items())
            (tools / "git").write_text(f"#!/bin/sh\nexec env {words} {git} \"$@\"\n")
            (tools / "git").chmod(0o755)
            env |= preload | {"PATH": f"{tools}:{env['PATH']}"}
        log = open(self.folder / "daemon.log", "a")
        self.process = subprocess.Popen([PROGRAM, "daemon", "--state", str(self.state), "--listen", "127.0.0.1:0",
                                         *(["--config", str(self.folder / "daemon.yaml")] if self.remote else [])], env=env, stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        if wait:
            self.until("the daemon is ready", lambda: (self.state / "endpoint").exists())
        return self

    @property
    def url(self):
        return (self.state / "endpoint").read_text().strip()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Broken("the daemon does not stop at SIGTERM")
        self.reap()

    def await_end(self):
        """A process that was killed takes a moment to go; one that was not hit stays."""
        try:
            self.process.wait(0.3)
        except subprocess.TimeoutExpired:
            pass

    def kill(self):
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(60)
        self.reap()

    def reap(self):
        """Whatever git is still at work for a daemon that is gone."""
        for pid in self.control.pids() if self.control else []:
            try:
                if f"FAULT_ROOT={self.state}".encode() in Path(f"/proc/{pid}/environ").read_bytes():
                    os.kill(pid, signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass

    def until(self, what, condition, may_die=False):
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            if not self.alive():
                if may_die:
                    return None
                raise Broken(f"the daemon ended with {self.process.poll()} while waiting for: {what}\n{self.log_end()}")
            if time.monotonic() > end:
                raise Broken(f"not within {PATIENCE} s: {what}\n{self.log_end()}")
            time.sleep(0.02)
        return value

    def log_end(self):
        return (self.folder / "daemon.log").read_text(errors="replace")[-2500:]

    def get(self, path):
        connection = Socket(self.state / "autonomous.sock")
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def rows(self):
        return {row["target"]: row for row in self.get("/api/v1/status")[1]["targets"]}

    # ---- people

    hurry = None  # seconds, where something is expected not to be answered

    def run(self, *argv, cwd=None, timeout=PATIENCE):
        timeout = self.hurry or timeout
        try:
            return subprocess.run([str(a) for a in argv], cwd=cwd or self.folder, env=self.env, text=True, errors="replace", stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        except subprocess.TimeoutExpired as slow:
            if self.hurry:
                return subprocess.CompletedProcess(argv, 124, str(slow.output))
            raise Broken(f"{' '.join(map(str, argv))} hangs: {slow.output}")

    def git(self, *argv, cwd=None):
        done = self.run("git", *argv, cwd=cwd)
        if done.returncode != 0:
            raise Broken(f"git {' '.join(map(str, argv))}: {done.stdout}")
        return done.stdout

    def gitops(self, *argv):
        return self.git("--git-dir", self.record, *argv)

    def change(self, **levels):
        """A commit in the source; returns its id. levels: by app."""
        known = self.folder / "source" / ".levels"
        now = json.loads(known.read_text()) if known.exists() else {"web": "0", "api": "0"}
        now |= levels
        if not (self.source / ".git").exists():
            self.git("init", "-q", cwd=self.source)
            (self.source / ".git/info/exclude").write_text(".levels\n")
        known.write_text(json.dumps(now))
        (self.source / "autonomous.yaml").write_text(SPEC.format(**now))
        self.git("add", "-A", cwd=self.source)
        self.git("commit", "-q", "-m", f"Set {levels}", cwd=self.source)
        return self.git("rev-parse", "HEAD", cwd=self.source).strip()

    def push(self):
        return self.run("git", "push", f"{self.url}/git/shop.git", "HEAD:main", cwd=self.source)

    # ---- the record

    def ledger(self, target):
        done = self.run("git", "--git-dir", self.record, "show", f"autonomous/ledger/deploy:{target}/000001.jsonl")
        return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []

    def released_from(self, target, commit):
        return [entry for entry in self.ledger(target) if entry["type"] == "release" and f" {commit} refs/heads/main" in entry["tag"]]

    def wait_until_settled(self, commit):
        """Each target has said what it made of the source commit, and each release its outcome."""
        def settled():
            for target in TARGETS:
                entries = self.ledger(target)
                numbers = [entry["number"] for entry in entries if entry["type"] == "release"]
                outcomes = {entry["number"] for entry in entries if entry["type"] == "outcome"}
                if not numbers or set(numbers) != outcomes:
                    return False
                tags = self.gitops("tag", "-l", f"release/{target}/*").split()
                if set(tags) != {f"release/{target}/{number}" for number in numbers}:
                    return False
            try:
                rows = self.rows()
            except OSError:
                return False
            return all(target in rows and rows[target]["state"] not in ("releasing", "new") for target in TARGETS) and self.said(commit)
        self.until("every release has its outcome", settled)

    def said(self, commit):
        if commit is None:
            return True
        for target in TARGETS:
            touched = target in self.touched
            entries = self.ledger(target)
            if touched and not any(commit in json.dumps(entry) for entry in entries) and self.rows()[target]["state"] != "held":
                return False
        return True

    touched = ()

    def check(self, commits, decisions=(), failures=False):
        """After everything came to rest, on a stopped daemon. commits: of the source, that were acknowledged, with the targets they are about."""
        for target in TARGETS:
            entries = self.ledger(target)
            numbers = [entry["number"] for entry in entries if entry["type"] == "release"]
            outcomes = [entry["number"] for entry in entries if entry["type"] == "outcome"]
            if numbers != list(range(1, len(numbers) + 1)):
                raise Broken(f"{target} has the releases {numbers}")
            if sorted(outcomes) != numbers:
                raise Broken(f"{target} has the releases {numbers}, and outcomes of {sorted(outcomes)}")
            for number in numbers:
                if not self.gitops("tag", "-l", f"release/{target}/{number}").strip():
                    raise Broken(f"the tag release/{target}/{number} is missing")
            sources = [next((line for line in entry["tag"].split("\n") if line.startswith("Source: ")), "") for entry in entries if entry["type"] == "release"]
            for entry in entries:
                if entry["type"] == "unchanged" and any(f" {entry['source']['commit']} " in f"{source} " for source in sources):
                    raise Broken(f"{target}: a commit that was released is said to be unchanged: {[e['type'] for e in entries]}")
        for commit, targets in commits:
            for target in targets:
                made = self.released_from(target, commit)
                pushes = [entry for entry in made if "\nTrigger: push" in entry["tag"]]
                failed = failures and any(entry["type"] == "failed" and commit in json.dumps(entry) for entry in self.ledger(target))
                self.gave_up += 1 if failed and len(pushes) != 1 else 0
                if len(pushes) != 1 and not failed:
                    raise Broken(f"{target} has {len(pushes)} releases of the acknowledged push {commit[:7]}: {[e['type'] for e in self.ledger(target)]}")
        for target, kind in decisions:
            if not any(entry["type"] == kind for entry in self.ledger(target)):
                raise Broken(f"the acknowledged {kind} of {target} is not in the ledger")
        for path in (self.record, self.state / "repos/shop.git"):
            if not path.exists():
                continue
            words = self.run("git", "--git-dir", path, "fsck", "--strict", "--no-dangling", "--no-progress")
            if words.returncode != 0 or words.stdout.strip():
                raise Broken(f"git fsck of {path.name}: {words.stdout}")
            left = [str(lock) for lock in path.rglob("*.lock")]
            if left:  # whoever made them could not remove them, and nobody needed them since
                self.start().stop()
                left = [str(lock) for lock in path.rglob("*.lock")]
            if left:
                raise Broken(f"locks are left, also after a start: {left}")
        audit = self.run(PROGRAM, "audit", "--repo", self.record)
        if audit.returncode != 0:
            raise Broken(f"audit: {audit.stdout}")
