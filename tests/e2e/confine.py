#!/usr/bin/env python3
"""Runs a program as systemd would run the unit's: same user rights, file system and system calls, without systemd as the first process.

usage: confine.py UNIT STATE PROGRAMS ARGV…     as root; STATE: the writable folder; PROGRAMS: a folder seen as /mnt/programs (read only)

Reads from the unit: SystemCallFilter, SystemCallErrorNumber, RestrictAddressFamilies, RestrictNamespaces, MemoryDenyWriteExecute, LockPersonality,
RestrictRealtime, CapabilityBoundingSet, ProtectSystem, ProtectHome, PrivateTmp, PrivateDevices, ProtectProc, ProcSubset, UMask, LimitNOFILE. What the
unit asks for beyond these is not imitated.
"""
import ctypes
import os
import re
import resource
import subprocess
import sys
from collections import defaultdict

UID = GID = 64123  # nobody else's
libc = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEW_ANY = 0x20000, 0x7E020080
AT_FDCWD, AT_RECURSIVE, MOUNT_SETATTR, ATTR_RDONLY = -100, 0x8000, 442, 1
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}


def call(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def read_unit(path):
    unit = defaultdict(list)
    for line in open(path):
        if (match := re.match(r"([A-Za-z]+)=(.*)", line.strip())):
            unit[match[1]].append(match[2])
    return unit


def mount(source, target, kind=None, flags=0, data=None):
    os.makedirs(target, exist_ok=True) if not os.path.exists(target) else None
    encode = lambda text: text.encode() if text is not None else None
    call(libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)), f"mount {target}")


def set_read_only(path, on, recursive=True):
    class Attr(ctypes.Structure):
        _fields_ = [("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("propagation", ctypes.c_uint64), ("userns", ctypes.c_uint64)]
    attr = Attr(ATTR_RDONLY if on else 0, 0 if on else ATTR_RDONLY, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    call(libc.syscall(MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, ctypes.byref(attr), ctypes.sizeof(attr)), f"mount_setattr {path}")


def confine_files(unit, state, programs):
    call(libc.unshare(CLONE_NEWNS), "unshare")
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
    mount("tmpfs", "/mnt", "tmpfs")
    for source, target in ((state, "/mnt/state"), (programs, "/mnt/programs")):
        mount(source, target, flags=MS_BIND)
    devices = [d for d in ("null", "zero", "full", "random", "urandom") if os.path.exists(f"/dev/{d}")]
    if unit["PrivateDevices"] == ["yes"]:
        mount("/dev", "/mnt/dev", flags=MS_BIND)
        mount("tmpfs", "/dev", "tmpfs", MS_NOSUID)
        for device in devices:
            open(f"/dev/{device}", "w").close()
            mount(f"/mnt/dev/{device}", f"/dev/{device}", flags=MS_BIND)
        call(libc.umount2(b"/mnt/dev", 2), "umount /mnt/dev")
    if unit["ProtectHome"] == ["yes"]:
        for home in ("/home", "/root", "/run/user"):
            if os.path.isdir(home):
                mount("tmpfs", home, "tmpfs", 0, "mode=000")
    if unit["ProtectSystem"] == ["strict"]:
        set_read_only("/", True)
    if unit["ProtectProc"] == ["invisible"]:
        mount("proc", "/proc", "proc", 0, "hidepid=invisible" + (",subset=pid" if unit["ProcSubset"] == ["pid"] else ""))
    if unit["PrivateTmp"] == ["yes"]:
        for tmp in ("/tmp", "/var/tmp"):
            mount("tmpfs", tmp, "tmpfs", 0, "mode=1777")
    set_read_only("/mnt/state", False, recursive=False)


def confine_rights(unit):
    if unit["CapabilityBoundingSet"] == [""]:
        for capability in range(64):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                break
    os.setgroups([])
    os.setresgid(GID, GID, GID)
    os.setresuid(UID, UID, UID)
    os.umask(int(unit["UMask"][0], 8))
    limit = int(unit["LimitNOFILE"][0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    call(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def system_calls(words, seen=None):
    """The names that a filter's words stand for; groups are asked of systemd-analyze."""
    out = set()
    for word in words:
        if not word.startswith("@"):
            out.add(word)
            continue
        listing = subprocess.run(["systemd-analyze", "syscall-filter", word], text=True, capture_output=True, check=True).stdout
        inner = [line.strip() for line in listing.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
        out |= system_calls(inner)
    return out


def allowed_calls(unit):
    allowed = set()
    for line in unit["SystemCallFilter"]:
        words = line.lstrip("~").split()
        allowed = allowed - system_calls(words) if line.startswith("~") else allowed | system_calls(words)
    # What systemd itself lets every unit do.
    return allowed | system_calls(["@default"]) | {"execve"}


class Filter:
    """libseccomp."""

    class Compare(ctypes.Structure):
        _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]

    ALLOW, EQUAL, MASKED = 0x7FFF0000, 4, 7

    def __init__(self, refusal):
        self.lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.lib.seccomp_init(ctypes.c_uint32(refusal)))

    def add(self, action, name, *compares):
        number = self.lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # of another architecture
        array = (self.Compare * max(1, len(compares)))(*[self.Compare(*c) for c in compares])
        result = self.lib.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, len(compares), array)
        if result != 0:
            raise OSError(-result, f"seccomp rule for {name}")

    def load(self):
        if (result := self.lib.seccomp_load(self.context)) != 0:
            raise OSError(-result, "seccomp_load")


def confine_calls(unit, allowed):
    EPERM, ENOSYS = 1, 38
    rules = Filter(0x00050000 | EPERM)
    special = set()
    if unit["RestrictAddressFamilies"]:
        special |= {"socket", "socketpair"}
        for family in unit["RestrictAddressFamilies"][0].split():
            for name in special & {"socket", "socketpair"}:
                rules.add(Filter.ALLOW, name, (0, Filter.EQUAL, FAMILIES[family], 0))
    if unit["RestrictNamespaces"] == ["yes"]:
        special |= {"clone", "clone3", "unshare", "setns"}
        rules.add(Filter.ALLOW, "clone", (0, Filter.MASKED, CLONE_NEW_ANY & ~0x80, 0))
        rules.add(0x00050000 | ENOSYS, "clone3")  # its flags can't be seen: glibc falls back to clone
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        special |= {"mmap", "mprotect", "pkey_mprotect"}
        for bit in (2, 4):  # without PROT_WRITE, or without PROT_EXEC
            rules.add(Filter.ALLOW, "mmap", (2, Filter.MASKED, bit, 0))
        for name in ("mprotect", "pkey_mprotect"):
            rules.add(Filter.ALLOW, name, (2, Filter.MASKED, 4, 0))
    if unit["LockPersonality"] == ["yes"]:
        special.add("personality")
    if unit["RestrictRealtime"] == ["yes"]:
        special |= {"sched_setscheduler", "sched_setattr"}
    for name in sorted(allowed - special):
        rules.add(Filter.ALLOW, name)
    rules.load()


def main():
    unit_path, state, programs, *argv = sys.argv[1:]
    unit = read_unit(unit_path)
    allowed = allowed_calls(unit)
    confine_files(unit, state, programs)
    confine_rights(unit)
    os.chdir("/")
    confine_calls(unit, allowed)
    os.execve(argv[0], argv, dict(os.environ))


if __name__ == "__main__":
    main()
