"""A real Gitea on loopback (tests/support/bed), asked as people ask it: through its API with a token, through its pages with a session,
and through git with a password. Nothing here knows anything of the program under test.
"""
import base64
import json
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

BED = Path(__file__).resolve().parent / "bed" / "bed"


class Refused(AssertionError):
    """Gitea's answer was an error; `status` is its number."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Gitea:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="autonomous-gitea-"))
        subprocess.run([BED, "up", self.folder, "gitea"], check=True, stdin=subprocess.DEVNULL, timeout=5400)
        env = dict(line.split("=", 1) for line in (self.folder / "env").read_text().splitlines())
        self.base, self.root = env["GITEA_URL"], Path(env["GITEA_ROOT"])
        self.admin = (env["GITEA_USER"], env["GITEA_PASSWORD"])

    def stop(self):
        subprocess.run([BED, "down", self.folder], check=True, stdin=subprocess.DEVNULL)
        shutil.rmtree(self.folder)

    def api(self, method, path, body=None, who=None):
        request = urllib.request.Request(f"{self.base}/api/v1{path}", method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(who or self.admin).encode()).decode())
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")) from None

    def person(self, name):
        """(name, password) of a new user, whose address is NAME@example.com."""
        who = (name, f"{name}-password-1")
        self.api("POST", "/admin/users", {"username": name, "email": f"{name}@example.com", "password": who[1], "must_change_password": False})
        return who

    def repository(self, owner, name, *writers):
        """An empty private one of `owner`; (owner, …) and `writers` may push."""
        self.api("POST", f"/admin/users/{owner[0]}/repos", {"name": name, "private": True, "default_branch": "main"})
        for writer in writers:
            self.api("PUT", f"/repos/{owner[0]}/{name}/collaborators/{writer[0]}", {"permission": "write"})
        return f"{owner[0]}/{name}"

    def url(self, repository, who=None):
        person = f"{who[0]}:{who[1]}@" if who else ""
        return f"{self.base.replace('//', '//' + person)}/{repository}.git"

    def bare(self, repository):
        return self.root / f"{repository.lower()}.git"

    def protect(self, repository, branch, *pushers, **more):
        self.api("POST", f"/repos/{repository}/branch_protections",
                 {"rule_name": branch, "enable_push": True, "enable_push_whitelist": True, "push_whitelist_usernames": [who[0] for who in pushers]} | more)

    def unprotect(self, repository, branch):
        self.api("DELETE", f"/repos/{repository}/branch_protections/{urllib.parse.quote(branch, safe='')}")

    def protect_tags(self, repository, pattern, *who):
        return self.api("POST", f"/repos/{repository}/tag_protections", {"name_pattern": pattern, "whitelist_usernames": [w[0] for w in who]})["id"]

    def webhook(self, repository, url, secret):
        """Tells `url` of each push, signed with the secret."""
        self.api("POST", f"/repos/{repository}/hooks", {"type": "gitea", "config": {"url": url, "content_type": "json", "secret": secret}, "events": ["push"], "active": True})

    def session(self, who):
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

        def page(path, form=None):
            data = urllib.parse.urlencode(form).encode() if form is not None else None
            try:
                with opener.open(f"{self.base}{path}", data=data, timeout=60) as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError as error:
                raise Refused(error.code, error.read().decode(errors="replace")[-2000:]) from None

        page("/user/login", {"user_name": who[0], "password": who[1]})
        return page

    def trust_key(self, who, private, public):
        """A signing key of a person, proven to be theirs as Gitea asks for it: its own text, signed with the key."""
        self.api("POST", "/user/keys", {"title": "signing", "key": public}, who)
        fingerprint = subprocess.run(["ssh-keygen", "-lf", "-"], input=public, text=True, stdout=subprocess.PIPE, check=True).stdout.split()[1]
        page = self.session(who)
        asked = page("/user/settings/keys?" + urllib.parse.urlencode({"verify_ssh": fingerprint}))
        token = re.search(r"echo -n (?:'|&#39;)([0-9a-f]{64})", asked)[1]
        signature = subprocess.run(["ssh-keygen", "-Y", "sign", "-n", "gitea", "-f", private], input=token, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True).stdout
        page("/user/settings/keys", {"type": "verify_ssh", "title": "none", "content": public, "fingerprint": fingerprint, "signature": signature})

    def revert(self, who, repository, commit, branch):
        """The button «Revert» beside a commit, and «Commit directly»."""
        page = self.session(who)
        form = page(f"/{repository}/_cherrypick/{commit}/{branch}?cherry-pick-type=revert")
        tip = re.search(r'name="last_commit"[^>]*value="([0-9a-f]{40})"', form)[1]
        page(f"/{repository}/_cherrypick/{commit}/{branch}",
             {"last_commit": tip, "commit_summary": "", "commit_message": "", "commit_choice": "direct", "revert": "true", "new_branch_name": ""})
