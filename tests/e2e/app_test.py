#!/usr/bin/env python3
"""app_test FRONT: what the built-in chart makes is taken by a real API server, which knows the custom resources and enforces the Restricted pod security.

Every expected manifest of tests/golden/app is sent as a server-side dry run, then applied for real; after that, `kubectl diff` must be empty: what
the server adds by itself must not look like drift for ever.
"""
import glob
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
CASES = os.path.join(ROOT, 'tests', 'golden', 'app', 'case')
BED = os.path.join(ROOT, 'tests', 'support', 'bed', 'bed')
CACHE = os.environ.get('AUTONOMOUS_TEST_CACHE') or os.path.join(
    os.environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache'), 'autonomous-tests')
# These ask for the rights that Restricted forbids.
ROOTS = {'containers/gateway/legacy', 'containers/plain/legacy'}


def manifests():
    for path in sorted(glob.glob(os.path.join(CASES, '*', 'expected', '*', '*.yaml'))):
        case, _, environment, app = os.path.relpath(path, CASES)[:-len('.yaml')].split(os.sep)
        yield f'{case}/{environment}/{app}', path


def namespaces(path):
    with open(path, encoding='utf-8') as file:
        return {line.split()[1] for line in file if line.startswith('  namespace: ')}


class App(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='autonomous-app-')
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(subprocess.run, [BED, 'down', cls.folder.name], check=False)
        subprocess.run([BED, 'up', cls.folder.name, 'crds'], check=True)
        cls.kubeconfig = os.path.join(cls.folder.name, 'kubeconfig')

    def kubectl(self, *words, given=None):
        return subprocess.run([os.path.join(CACHE, 'bin', 'kubectl'), '--kubeconfig', self.kubeconfig, *words], input=given, text=True,
                              capture_output=True, timeout=120)

    def make_namespace(self, name, level='restricted'):
        text = f'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n'
        for mode in 'enforce', 'warn':
            text += f'    pod-security.kubernetes.io/{mode}: {level}\n'
        done = self.kubectl('apply', '-f', '-', given=text)
        self.assertEqual(done.returncode, 0, done.stderr)

    def lasting_diff(self, path):
        """What differs for good: a controller may write a status between the two looks of one diff."""
        for _ in range(10):
            done = self.kubectl('diff', '--server-side', '-f', path)
            if done.returncode == 0:
                break
        return done

    def test_everything_is_accepted_and_stays_as_it_is(self):
        accepted = 0
        for name, path in manifests():
            with self.subTest(name):
                for namespace in namespaces(path):
                    self.make_namespace(namespace, 'privileged' if name in ROOTS else 'restricted')
                done = self.kubectl('apply', '--server-side', '--dry-run=server', '-f', path)
                self.assertEqual((done.returncode, done.stderr), (0, ''), name)
                accepted += len(done.stdout.splitlines())
                done = self.kubectl('apply', '--server-side', '-f', path)
                self.assertEqual((done.returncode, done.stderr), (0, ''), name)
                done = self.lasting_diff(path)
                self.assertEqual((done.returncode, done.stdout), (0, ''), name + '\n' + done.stderr)
                done = self.kubectl('delete', '--wait=false', '-f', path)
                self.assertEqual(done.returncode, 0, done.stderr)
        print(f'{accepted} objects accepted by the API server')
        self.assertGreater(accepted, 200)

    def test_the_restricted_profile_is_really_asked_for(self):
        self.make_namespace('strict')
        path = os.path.join(CASES, 'containers', 'expected', 'plain', 'legacy.yaml')
        with open(path, encoding='utf-8') as file:
            text = '\n'.join('  namespace: strict' if line.startswith('  namespace: ') else line for line in file.read().splitlines())
        done = self.kubectl('apply', '--server-side', '--dry-run=server', '-f', '-', given=text)
        self.assertIn('would violate PodSecurity', done.stderr)


if __name__ == '__main__':
    if len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
        sys.argv.pop(1)
    unittest.main(verbosity=2)
