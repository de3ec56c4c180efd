#!/usr/bin/env python3
"""commands.py FRONT HELM4 HELM3: the command lines of commands.txt, run by `autonomous render` and by the real helms.

Both run in the same folder, made anew for each, so that what --output-dir writes is compared too. Exit status 1 when an
answer differs that should not, or does not that should.
"""
import os, re, shlex, shutil, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor

FILES = {
    'text.tgz': 'no archive at all\n', 'empty.tgz': '', 'word.txt': 'word\n', 'text.yaml': 'just text\n', 'bad.yaml': 'a: b: c\n',
    'list.yaml': '- a\n- b\n', 'several.yaml': 'service:\n  port: 81\n---\nservice:\n  type: NodePort\n---\n# nothing\n',
    'marked.yaml': '\ufeffservice:\n  port: 82\n', 'windows.yaml': 'service:\r\n  port: 83\r\n  type: |\r\n    ClusterIP\r\n',
    'anchors.yaml': 'x: &x {port: 84, type: LoadBalancer}\nservice:\n  <<: *x\n  port: 0x55\n',
    'broken/Chart.yaml': 'apiVersion: v2\nname: [\n', 'nochart/values.yaml': 'a: 1\n',
    'library/Chart.yaml': 'apiVersion: v2\nname: library\nversion: 1.0.0\ntype: library\n',
    'missing-dependency/Chart.yaml': 'apiVersion: v2\nname: m\nversion: 1.0.0\ndependencies:\n- {name: gone, version: 1.x.x, repository: "http://127.0.0.1:1"}\n',
    'schema/Chart.yaml': 'apiVersion: v2\nname: schema\nversion: 1.0.0\n', 'schema/values.yaml': 'a: 1\n',
    'schema/values.schema.json': '{"properties": {"a": {"type": "number", "title": "a \\"quoted\\" \u00e9"}}}\n',
    'schema/templates/a.yaml': 'a: {{ .Values.a }}\n',
    'failing/Chart.yaml': 'apiVersion: v2\nname: failing\nversion: 1.0.0\n',
    'failing/templates/a.yaml': 'a: 1\n', 'failing/templates/b.yaml': 'b: {{ required "b is needed" .Values.b }}\n',
    'unsorted/Chart.yaml': 'apiVersion: v2\nname: unsorted\nversion: 1.0.0\n', 'unsorted/templates/b.yaml': 'b: c: d\n---\nkind: Never\n',
}


def make_folder(helm4):
    folder = tempfile.mkdtemp()
    subprocess.run([helm4, 'create', 'app'], cwd=folder, env=environment(folder), check=True, stdout=subprocess.DEVNULL)
    for name, text in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8', newline='') as file:
            file.write(text)
    return folder


def environment(home):
    return {'PATH': '/usr/bin:/bin', 'HOME': os.path.join(home, 'home'), 'LC_ALL': 'C.UTF-8', 'KUBECONFIG': os.path.join(home, 'kubeconfig')}


def written(folder):
    out = []
    for root, _, names in sorted(os.walk(os.path.join(folder, 'out'))):
        for name in sorted(names):
            with open(os.path.join(root, name), 'rb') as file:
                out.append((os.path.relpath(os.path.join(root, name), folder), file.read()))
    return out


def answer(command, template):
    with tempfile.TemporaryDirectory() as above:
        folder = os.path.join(above, 'work')
        shutil.copytree(template, folder)
        done = subprocess.run(command, cwd=folder, env=environment(above), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        place = folder.encode()
        return done.returncode, done.stdout.replace(place, b'HERE'), done.stderr.replace(place, b'HERE'), written(folder)


def cases(path):
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.strip('\n')
            if not line.strip() or line.startswith('#'):
                continue
            marks = re.match(r'((?:[34]: )?)((?:differs: ?)?)(.*)', line)
            for version in marks[1][:1] or '43':
                yield number, version, bool(marks[2]), shlex.split(marks[3])


def main():
    front, helm4, helm3 = sys.argv[1:]
    helms = {'4': helm4, '3': helm3}
    template = make_folder(helm4)
    wrong = tried = 0

    def judge(case):
        number, version, differs, arguments = case
        ours = answer([front, 'render', '--helm', version] + arguments, template)
        theirs = answer([helms[version], 'template'] + arguments, template)
        return case, ours, theirs

    with ThreadPoolExecutor(2) as pool:
        for (number, version, differs, arguments), ours, theirs in pool.map(judge, cases(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'commands.txt'))):
            tried += 1
            if (ours != theirs) == differs:
                continue
            wrong += 1
            print(f'commands.txt:{number}: helm {version}: {shlex.join(arguments)}')
            if differs:
                print('    answers alike now: strike "differs:"')
            else:
                for name, mine, real in zip(('exit status', 'standard output', 'standard error', 'files'), ours, theirs):
                    if mine != real:
                        print(f'    {name}:\n      helm:       {real!r:.1500}\n      autonomous: {mine!r:.1500}')
    shutil.rmtree(template)
    print(f'{tried} command lines, {wrong} not as they should be')
    sys.exit(1 if wrong or not tried else 0)


main()
