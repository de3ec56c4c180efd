#!/usr/bin/env python3
"""Where things lie: the top level, a README and a build file a module, sources that are really built, links that lead somewhere.

usage: layout_test.py SOURCE_FOLDER
"""
import os
import re
import sys
from pathlib import Path

TOP = {"CMakeLists.txt", "README.md", "daemon", "gitops", "render", "plugins", "systemd", "tests", "samples"}
CODE = ("gitops", "render", "plugins", "daemon")

os.chdir(sys.argv[1])
checked, wrong = 0, []


def require(holds, place, why):
    global checked
    checked += 1
    if not holds:
        wrong.append(f"{place}: {why}")


for entry in sorted(os.listdir(".")):
    require(entry in TOP or entry.startswith((".", "build")), entry, "does not belong to the top level, which is exactly " + " ".join(sorted(TOP)))

modules = {path.parent for top in CODE for path in Path(top).glob("*/*.cc")}
for folder in sorted(modules | {Path(name) for name in CODE + ("systemd", "tests", "samples")}):
    require((folder / "README.md").is_file(), folder, "has no README.md: what lives here, what may enter, where to start reading")

# A source that no build file names is dead, and so is a test.
sources = sorted(path for top in CODE + ("tests/unit",) for path in Path(top).rglob("*") if path.suffix in (".h", ".cc"))
for file in sources:
    require(re.fullmatch(r"[a-z0-9_]+\.(h|cc)", file.name), file, "names of sources are snake_case")
    if file.suffix == ".h":
        require("#pragma once" in file.read_text(), file, "has no #pragma once")
        continue
    home = next(folder for folder in (file.parent, *file.parent.parents) if (folder / "CMakeLists.txt").is_file())
    text = "".join(build.read_text() for build in [home / "CMakeLists.txt", *home.glob("*.cmake")])
    named = re.search(rf"(?<![\w.]){re.escape(str(file.relative_to(home)))}(?![\w.])", text)
    require(named or "/*_test.cc" in text and file.name.endswith("_test.cc"), file, f"is not built: {home}/CMakeLists.txt does not name it")

for page in sorted(Path(".").rglob("README.md")):
    if page.parts[0] in TOP and "golden" not in page.parts:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
            require("://" in target or (page.parent / target).exists(), page, f"links to {target}, which is not there")

print("\n".join(wrong + [f"{checked} rules of the layout checked, {len(wrong)} broken"]))
sys.exit(bool(wrong))
