#!/usr/bin/env python3
"""The systemd unit: rated, verified, and the daemon run under its limits (confine.py) until a push became a release.

usage: unit_test.py SOURCE AUTONOMOUS     SOURCE: the source tree; AUTONOMOUS: the built program
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import confine

PATIENCE = 120


def fail(text):
    print(f"FAILED: {text}")
    sys.exit(1)


def rated(unit):
    text = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], text=True, capture_output=True).stdout
    exposure = re.search(r"Overall exposure level for \S+ ([0-9.]+)", text)
    if not exposure or float(exposure[1]) > 1.5:
        fail(f"the unit's exposure is {exposure[1] if exposure else 'unknown'}, more than 1.5:\n{text[-3000:]}")
    print(f"   ok: exposure {exposure[1]}")


def verified(unit, program, folder):
    """With the program where it was built, because verify looks whether it is there."""
    copy = folder / "autonomous.service"
    copy.write_text(unit.read_text().replace("/usr/bin/autonomous", str(program)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0 or done.stdout.strip():
        fail(f"systemd-analyze verify says:\n{done.stdout}")
    print("   ok: verify says nothing")


class Notified:
    """The socket on which systemd would hear READY=1 and WATCHDOG=1."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)
        self.heard = ""

    def wait(self, word, daemon):
        until = time.monotonic() + PATIENCE
        while word not in self.heard:
            self.socket.settimeout(max(0.1, min(1.0, until - time.monotonic())))
            try:
                self.heard += self.socket.recv(65536).decode(errors="replace") + "\n"
            except TimeoutError:
                if daemon.poll() is not None:
                    fail(f"the daemon ended with {daemon.returncode} before it said {word}")
                if time.monotonic() > until:
                    fail(f"the daemon didn't say {word} within {PATIENCE} s")
        print(f"   ok: it says {word}")


def programs_of(program, folder):
    """The front, its core and the hook as an installation has them, where the confined daemon can see them."""
    tree = folder / "programs"
    for name, built in (("bin/autonomous", "autonomous"), ("libexec/autonomous/core", "autonomous-core"), ("libexec/autonomous/hook", "autonomous-hook")):
        source = next((c for c in (program.parent.parent / name, program.parent / built) if c.exists()), None)
        if source is None:
            fail(f"{built} is not beside {program}")
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, tree / name)
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o755)
    return tree


def push_becomes_release(source, state, env):
    shop = Path(env["HOME"]) / "shop"
    shutil.copytree(source / "samples" / "shop", shop)
    url = (state / "endpoint").read_text().strip()
    credentials = ["-c", "user.name=Jane", "-c", "user.email=jane@example.com"]

    def git(*argv):
        done = subprocess.run(["git", *credentials, *argv], cwd=shop, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        if done.returncode != 0:
            fail(f"git {argv[0]}:\n{done.stdout}")
        return done.stdout

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "Open the shop")
    print(git("push", "-q", f"{url}/git/shop.git", "main"), end="")
    tags = git("ls-remote", "--tags", f"{url}/git/gitops.git")
    for tag in ("release/local/shop/web/1", "release/local/shop/api/1"):
        if f"refs/tags/{tag}\n" not in tags + "\n":
            fail(f"no tag {tag}; there are:\n{tags}")
    print("   ok: a push became releases")


def run_confined(source, program, folder):
    if os.geteuid() != 0:
        print("   skipped: running under the unit's limits needs root")
        return
    state, home = folder / "state", folder / "home"
    for path in (state, home):
        path.mkdir()
    folder.chmod(0o755)
    shutil.chown(state, confine.UID, confine.GID)
    shutil.chown(home, confine.UID, confine.GID)
    notified = Notified(state / "notify")
    keep = {k: os.environ[k] for k in ("PATH", "LANG") if k in os.environ}
    env = keep | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}
    daemon_env = keep | {"HOME": "/mnt/state", "STATE_DIRECTORY": "/mnt/state", "RUNTIME_DIRECTORY": "/mnt/state", "NOTIFY_SOCKET": "/mnt/state/notify",
                         "WATCHDOG_USEC": "3000000", "ASAN_OPTIONS": "detect_leaks=0"}
    log = open(folder / "daemon.log", "w")
    daemon = subprocess.Popen([sys.executable, Path(__file__).with_name("confine.py"), source / "systemd" / "autonomous.service", state,
                               programs_of(program, folder), "/mnt/programs/bin/autonomous", "daemon", "--listen", "127.0.0.1:0"],
                              env=daemon_env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        notified.wait("READY=1", daemon)
        status = (Path("/proc") / str(daemon.pid) / "status").read_text()
        for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapBnd:\t0000000000000000", f"Uid:\t{confine.UID}\t"):
            if line not in status:
                fail(f"the daemon isn't confined: no '{line.split()[0]} {line.split()[1]}' in its status")
        print("   ok: it runs without rights, under the filter of system calls")
        os.setresgid(confine.GID, confine.GID, 0)
        os.setresuid(confine.UID, confine.UID, 0)  # who pushes is the daemon's own user, which needs no password
        try:
            push_becomes_release(source, state, env)
        finally:
            os.setresuid(0, 0, 0)
            os.setresgid(0, 0, 0)
        notified.wait("WATCHDOG=1", daemon)
        daemon.send_signal(signal.SIGTERM)
        notified.wait("STOPPING=1", daemon)
        if daemon.wait(60) != 0:
            fail(f"after SIGTERM the daemon ended with {daemon.returncode}")
        print("   ok: it stops")
    except SystemExit:
        log.flush()
        print("the daemon's last lines:\n" + "\n".join((folder / "daemon.log").read_text(errors="replace").splitlines()[-15:]))
        raise
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        sys.exit(2)
    source, program = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    unit = source / "systemd" / "autonomous.service"
    folder = Path(tempfile.mkdtemp(prefix="autonomous-unit-", dir="/var/tmp"))
    try:
        rated(unit)
        verified(unit, program, folder)
        run_confined(source, program, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
