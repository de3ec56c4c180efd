"""Git servers for tests, on loopback and on ports that the kernel chooses: http and https in front of `git http-backend`,
ssh in front of Debian's sshd, and a proxy that cuts, stalls and counts. What goes wrong is set from outside, and what
was asked is counted.
"""
import base64
import contextlib
import getpass
import os
import select
import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OURS = "git/2.39 autonomous"  # how the daemon names itself when it asks for refs; the git program has a name of its own


def run(*argv, **more):
    return subprocess.run([str(a) for a in argv], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout


class Certificates:
    """A certificate authority of our own, and a server's certificate for 127.0.0.1."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority", "-keyout", folder / "ca.key", "-out", self.ca)
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", self.key, "-out", folder / "server.csr")
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
        run("openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", self.ca, "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", folder / "extensions", "-out", self.certificate)


class HttpGit:
    """The bare repositories below a folder, over http or https.

    users      name → password; None: everybody may do everything
    fault      called as fault(method, path, body) before each answer; what it returns is done instead or besides:
               ("status", 503, "text")  ("redirect", url)  ("garbage", bytes)  ("hang",)  ("lose",): done, but never answered
    """

    def __init__(self, root, users=None, certificates=None):
        self.root, self.users, self.certificates = Path(root), users, certificates
        self.fault, self.seen, self.connections, self.port = None, [], {}, 0
        self.lock, self.released = threading.Lock(), threading.Event()
        self.start()

    def start(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            counted = None

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.answer(self)

            do_POST = do_GET

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that broke off, or doesn't trust us

        self.server = Server(("127.0.0.1", self.port), Handler)  # the same port again after stop()
        self.open = set()
        if self.certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificates.certificate, self.certificates.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.released.clear()
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def stop(self):
        """Away: connections are refused, and those that are open end."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.open.clear()

    def url(self, name, user=""):
        scheme = "https" if self.certificates else "http"
        return f"{scheme}://{user}127.0.0.1:{self.port}/{name}"

    def host(self):
        return f"127.0.0.1:{self.port}"

    def count(self, agent=OURS, method=None, end=""):
        """Requests so far; and over how many connections."""
        with self.lock:
            asked = [r for r in self.seen if r["agent"].startswith(agent) and method in (None, r["method"]) and r["path"].endswith(end)]
        return len(asked), len({r["connection"] for r in asked})

    def answer(self, handler):
        with self.lock:
            self.open.add(handler.connection)
        headers = handler.headers
        if headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(handler.rfile.readline().split(b";")[0], 16):
                body += handler.rfile.read(size)
                handler.rfile.readline()
            handler.rfile.readline()
        else:
            body = handler.rfile.read(int(headers.get("Content-Length") or 0))
        path, _, query = handler.path.partition("?")
        fault = self.fault(handler.command, handler.path, body) if self.fault else None
        status, kind, out, more = self.work(handler.command, path, query, headers, body, fault)
        record = {"agent": headers.get("User-Agent", ""), "method": handler.command, "path": handler.path, "connection": handler.client_address[1],
                  "status": status, "sent": len(out), "authorized": "Authorization" in headers}
        with self.lock:
            self.seen.append(record)
        if fault and fault[0] == "hang":
            self.released.wait(120)
        if fault and fault[0] in ("lose", "hang"):
            handler.close_connection = True
            return
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(out)))
        for name, value in more:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(out)

    def work(self, method, path, query, headers, body, fault):
        if fault and fault[0] == "status":
            return fault[1], "text/plain", fault[2].encode(), []
        if fault and fault[0] == "redirect":
            return 301, "text/plain", b"", [("Location", fault[1])]
        if fault and fault[0] == "garbage":
            return 200, headers.get("Accept", "application/x-git-upload-pack-result"), fault[1], []
        user = "anybody"
        if self.users is not None:
            try:
                user, _, password = base64.b64decode(headers.get("Authorization", "").removeprefix("Basic ")).decode().partition(":")
            except ValueError:
                user, password = "", ""
            if self.users.get(user) is None or self.users[user] != password:
                return 401, "text/plain", b"who are you?\n", [("WWW-Authenticate", 'Basic realm="test"')]
        if fault and fault[0] == "hang":
            return 200, "text/plain", b"", []
        env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1",
               "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": headers.get("Content-Type", ""),
               "CONTENT_LENGTH": str(len(body)), "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": headers.get("Git-Protocol", ""), "REMOTE_USER": user, "REMOTE_ADDR": "127.0.0.1"}
        raw = subprocess.run(["git", "http-backend"], env=env, input=body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        head, _, out = raw.partition(b"\r\n\r\n")
        status, kind = 200, "application/octet-stream"
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "status":
                status = int(value.split()[0])
            elif name.lower() == "content-type":
                kind = value
        return status, kind, out, []


class Sshd:
    """Debian's sshd on a port of ours, one process a connection, with keys of its own; it logs into this very account."""

    def __init__(self, folder, known=True):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # Debian's sshd wants it when root starts it
        for name in ("host", "user", "stranger"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.folder / name)
        self.key, self.wrong_key = self.folder / "user", self.folder / "stranger"
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        self.config = self.folder / "sshd_config"
        self.config.write_text(f"HostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/authorized\nStrictModes no\nUsePAM no\nPidFile none\n"
                               "PasswordAuthentication no\nKbdInteractiveAuthentication no\nAcceptEnv GIT_PROTOCOL\nLogLevel VERBOSE\n")
        self.connections, self.children = 0, []
        self.log = open(self.folder / "sshd.log", "ab")
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} " + (self.folder / "host.pub").read_text())
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self.children.append(subprocess.Popen(["/usr/sbin/sshd", "-i", "-e", "-f", self.config], stdin=connection, stdout=connection, stderr=self.log))
            self.children = [child for child in self.children if child.poll() is None]

    def stop(self):
        self.socket.close()
        for child in self.children:
            child.kill()
            child.wait()
        self.log.close()

    def url(self, path):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"


class Proxy:
    """Between a client and a server: counts, and cuts each connection after so many bytes of both directions together."""

    def __init__(self, port):
        self.to, self.cut, self.bytes, self.connections, self.stalled = port, None, 0, 0, threading.Event()
        self.stalled.set()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def stop(self):
        self.stalled.set()
        self.socket.close()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.pump, args=(client,), daemon=True).start()

    def pump(self, client):
        with client, socket.create_connection(("127.0.0.1", self.to)) as server:
            other = {client: server, server: client}
            while True:
                for end in select.select([client, server], [], [])[0]:
                    self.stalled.wait()
                    try:
                        data = end.recv(65536)
                        left = None if self.cut is None else self.cut - self.bytes
                        if left is not None:
                            data = data[:max(left, 0)]
                        self.bytes += len(data)
                        if data:
                            other[end].sendall(data)
                    except OSError:
                        return
                    if not data or (left is not None and len(data) == left):
                        return
