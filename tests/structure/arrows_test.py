#!/usr/bin/env python3
"""Includes point one way: a folder may include itself, the folders named for it below, and nothing else of ours.

usage: arrows_test.py SOURCE_FOLDER
"""
import os
import re
import sys
from pathlib import Path

TOP = ("gitops", "render", "plugins", "daemon")
MAY = {  # the longest name that fits a folder counts
    "gitops/base": "",
    "gitops/yaml": "gitops/base",
    "gitops/model": "gitops/base gitops/yaml",
    "gitops/http": "gitops/base",
    "gitops/git": "gitops/base gitops/http",
    "gitops/store": "gitops/base gitops/yaml gitops/model gitops/git",
    "render": "gitops/base gitops/yaml gitops/model render",
    "plugins": "gitops/base gitops/model gitops/http plugins",  # the table of them
    "plugins/*": "gitops/base gitops/model gitops/http plugins/ports",
    "daemon": "gitops render plugins daemon",
}
# Headers that cost seconds a file, or that hide behind an interface of ours.
ONLY_IN = {
    r"boost/(asio|beast)": "daemon/http",
    r"git2(/|\.h)": "gitops/git",
    r"curl/": "gitops/http",
    r"yaml-cpp/": "daemon/config",
    r"yaml\.h": "gitops/yaml",
    r"CLI/": "daemon/cli",
}


def may_include(module):
    parts = module.split("/")
    for rule in (module, f"{parts[0]}/*" if len(parts) > 1 else "", parts[0]):
        if rule in MAY:
            return MAY[rule].split()
    return []


def inside(folder, other):
    return folder == other or folder.startswith(other + "/")


os.chdir(sys.argv[1])
checked, wrong = 0, []
for file in sorted(path for top in TOP for path in Path(top).rglob("*") if path.suffix in (".h", ".cc")):
    folder = "/".join(file.parent.parts[:2])
    for line, text in enumerate(file.read_text().splitlines(), 1):
        found = re.match(r'#include ["<]([^">]+)[">]', text)
        if not found:
            continue
        target = found[1]
        if target.split("/")[0] in TOP:
            checked += 1
            to = os.path.dirname(target)
            if not inside(to, folder) and not any(inside(to, other) for other in may_include(folder)):
                wrong.append(f"{file}:{line}: includes {target}: {folder} may include only {' '.join([folder, *may_include(folder)])}")
        for header, home in ONLY_IN.items():
            if re.match(header, target) and not inside(folder, home):
                wrong.append(f"{file}:{line}: includes <{target}>, which only {home} may")

print("\n".join(wrong + [f"{checked} includes checked, {len(wrong)} wrong"]))
if not checked:
    print("no includes found: is this the source folder?")
sys.exit(bool(wrong) or not checked)
