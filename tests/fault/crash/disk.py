"""The disk as a power cut at a moment would have left it, from a recording of crash/shim.cc.

What is sure: the content of a file as of its last fsync; the names in a folder as of its last fsync. Everything else may be there
or not. Three answers are tried: `strict` (nothing else is there), `ordered` (all names are there, and content that was not synced is
cut in half), `mixed` (a first part of what was done to names, in its order, as a journal keeps it; of each file something between).
"""
import os
import random
import shutil
from pathlib import Path

FOLDER = "folder"


def read_log(record):
    events = []
    for line in (record / "log").read_text().splitlines():
        number, kind, *rest = line.split("\t")
        events.append((int(number), kind, rest))
    return sorted(events, key=lambda event: event[0])


class Disk:
    def __init__(self, root, template, record):
        self.root, self.record = str(root), record
        self.names, self.sure = {}, {}  # path → file, or FOLDER: as programs see it; as it surely is
        self.pending = []  # (folders that would make it sure, operation)
        self.synced, self.latest, self.clean = {}, {}, {}  # by file: content (a path, or None: empty), and whether they are the same
        for folder, folders, files in os.walk(template):
            at = self.root + folder[len(str(template)):]
            self.names[at] = FOLDER
            for name in files:
                path = f"{at}/{name}"
                self.names[path] = f"old:{path}"
                self.synced[f"old:{path}"] = self.latest[f"old:{path}"] = f"{folder}/{name}"
                self.clean[f"old:{path}"] = True
        self.sure = dict(self.names)
        self.by_inode = {}

    def file(self, inode):
        return self.by_inode.get(inode)

    def apply(self, names, operation):
        kind, *rest = operation
        if kind == "set":
            names[rest[0]] = rest[1]
        elif kind == "delete":
            names.pop(rest[0], None)
        elif kind == "rename":
            old, new = rest
            for path in [p for p in names if p == old or p.startswith(old + "/")]:
                names[new + path[len(old):]] = names.pop(path)

    def do(self, folders, operation):
        self.apply(self.names, operation)
        self.pending.append((folders, operation))

    def moved(self, old, new):
        """Pending operations below a folder that was renamed are about the new name."""
        swap = lambda path: new + path[len(old):] if path == old or path.startswith(old + "/") else path
        self.pending = [({swap(f) for f in folders}, (op[0], *[swap(part) if part.startswith("/") else part for part in op[1:]])) for folders, op in self.pending]

    def step(self, event):
        number, kind, rest = event
        parent = os.path.dirname
        if kind == "create":
            inode, path = rest
            name = f"new:{inode}:{number}"
            self.by_inode[inode] = name
            self.synced[name], self.latest[name], self.clean[name] = None, None, True
            self.do({parent(path)}, ("set", path, name))
        elif kind == "write":
            if (name := self.file(rest[0])):
                self.clean[name] = False
        elif kind in ("sync", "content"):
            inode, copy, path = rest
            name = self.file(inode) or self.names.get(path)
            if name is None or name == FOLDER:
                return
            self.by_inode[inode] = name
            self.latest[name] = str(self.record / copy)
            if kind == "sync":
                self.synced[name], self.clean[name] = self.latest[name], True
        elif kind == "mkdir":
            self.do({parent(rest[0])}, ("set", rest[0], FOLDER))
        elif kind in ("unlink", "rmdir"):
            self.do({parent(rest[0])}, ("delete", rest[0]))
        elif kind == "link":
            self.do({parent(rest[1])}, ("set", rest[1], self.names.get(rest[0], FOLDER)))
        elif kind == "rename":
            old, new = rest
            folder = self.names.get(old) == FOLDER
            if folder:
                self.moved(old, new)
                # The folder's own name is sure as soon as either side is; what is in it goes with it.
            self.do({parent(old), parent(new)}, ("rename", old, new))
            if folder:
                last = self.pending.pop()
                self.pending.insert(0, last)
        elif kind == "syncdir":
            left = []
            for folders, operation in self.pending:
                if rest[0] in folders:
                    self.apply(self.sure, operation)
                else:
                    left.append((folders, operation))
            self.pending = left

    def content(self, name, how, dice):
        if self.clean[name]:
            return self.synced[name], 1.0
        if how == "strict":
            return self.synced[name], 1.0
        if how == "ordered":
            return self.latest[name], 0.5
        return dice.choice([(self.synced[name], 1.0), (self.latest[name], dice.random()), (self.latest[name], 1.0)])

    def build(self, to, how, seed=0):
        dice = random.Random(seed)
        names = dict(self.sure if how != "ordered" else self.names)
        if how == "mixed":
            for _, operation in self.pending[:dice.randrange(0, 1 + len(self.pending))]:
                self.apply(names, operation)
        to = Path(to)
        for path in sorted(path for path, name in names.items() if name == FOLDER):
            if os.path.dirname(path) in names or path == self.root:
                (to / os.path.relpath(path, self.root)).mkdir(parents=True, exist_ok=True)
        for path, name in names.items():
            target = to / os.path.relpath(path, self.root)
            if name == FOLDER or not target.parent.is_dir():
                continue
            content, part = self.content(name, how, dice)
            if content is None or not os.path.exists(content):
                target.write_bytes(b"")
            elif part == 1.0:
                shutil.copyfile(content, target)
            else:
                bytes_ = Path(content).read_bytes()
                target.write_bytes(bytes_[:int(len(bytes_) * part)])
            if name.startswith("old:"):
                shutil.copymode(name[4:], target) if os.path.exists(name[4:]) else None
        for name in ("keys", ):
            for key in (to / name).glob("*") if (to / name).exists() else []:
                key.chmod(0o600)
