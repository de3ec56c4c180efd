#!/usr/bin/env python3
"""What `cmake --install` lays down, and where: the programs work from there, and systemd and the shells find their files.

usage: install_test.py BUILD_FOLDER [unittest's arguments]     a build whose targets are all built
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD = Path(sys.argv.pop(1)).resolve()
SOURCE = Path(__file__).resolve().parents[2]
WHERE = {  # as Debian's packages have it
    "usr/bin/autonomous": 0o755,
    "usr/libexec/autonomous/core": 0o755,
    "usr/libexec/autonomous/hook": 0o755,
    "usr/lib/systemd/system/autonomous.service": 0o644,
    "usr/lib/sysusers.d/autonomous.conf": 0o644,
    "usr/lib/tmpfiles.d/autonomous.conf": 0o644,
    "usr/share/bash-completion/completions/autonomous": 0o644,
    "usr/share/zsh/vendor-completions/_autonomous": 0o644,
    "usr/share/fish/vendor_completions.d/autonomous.fish": 0o644,
}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="autonomous-test-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = Path(cls.folder.name) / "root"
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], env=os.environ | {"DESTDIR": str(cls.root)}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(done.stdout)

    def run_program(self, *argv):
        # Nothing of the build tree helps it: another folder, no environment.
        done = subprocess.run([self.root / "usr/bin/autonomous", *argv], cwd=self.folder.name, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_everything_lies_where_debian_expects_it(self):
        found = {str(path.relative_to(self.root)): path.stat().st_mode & 0o777 for path in self.root.rglob("*") if path.is_file()}
        self.assertEqual({path: oct(mode) for path, mode in found.items()}, {path: oct(mode) for path, mode in WHERE.items()})

    def test_both_programs_work_from_there(self):
        version = re.search(r"project\(autonomous VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text())[1]
        self.assertIn(version, self.run_program("version"))
        chart = Path(self.folder.name) / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: hello\nversion: 1.0.0\n")
        (chart / "values.yaml").write_text("word: hello\n")
        (chart / "templates" / "a.yaml").write_text("kind: A\nname: {{ .Release.Name }}\nword: {{ .Values.word | quote }}\n")
        self.assertEqual(self.run_program("render", "shop", str(chart)), '---\n# Source: hello/templates/a.yaml\nkind: A\nname: shop\nword: "hello"\n')

    def test_nothing_refers_to_where_it_was_built(self):
        for path in WHERE:
            text = (self.root / path).read_bytes()
            for place in (str(self.root), str(BUILD)):
                self.assertNotIn(place.encode(), text, path)

    def test_the_unit_starts_what_is_installed(self):
        unit = (self.root / "usr/lib/systemd/system/autonomous.service").read_text()
        self.assertRegex(unit, r"(?m)^ExecStart=/usr/bin/autonomous daemon\b")

    def test_completions_are_of_their_shells(self):
        files = {shell: self.root / "usr/share" / where for shell, where in (
            ("bash", "bash-completion/completions/autonomous"), ("zsh", "zsh/vendor-completions/_autonomous"), ("fish", "fish/vendor_completions.d/autonomous.fish"))}
        bash = f"source {files['bash']}; COMP_WORDS=(autonomous rollb); COMP_CWORD=1; $(complete -p autonomous | sed 's/.* -F \\([^ ]*\\) .*/\\1/') autonomous rollb autonomous; echo \"${{COMPREPLY[@]}}\""
        zsh = f"autoload -Uz compinit; fpath=({files['zsh'].parent} $fpath); compinit -u -D; echo $_comps[autonomous]; autoload +X _autonomous; _autonomous 2>/dev/null; functions _autonomous | grep -o rollback: | head -n 1"
        fish = f"source {files['fish']}; complete -C 'autonomous rollb'"
        for shell, script, words in (("bash", bash, "rollback"), ("zsh", zsh, "_autonomous\nrollback:"), ("fish", fish, "rollback\tGo back to an earlier release, and hold")):
            said = subprocess.run([shell, *{"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell], "-c", script], text=True, stdout=subprocess.PIPE, check=True,
                                  env={"PATH": f"{self.root / 'usr/bin'}:/usr/bin:/bin", "HOME": str(self.root), "TERM": "dumb"}).stdout
            self.assertEqual(said.strip(), words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
