"""What stands in for AWS's control plane in tests: moto, which tools/install-cloud-doubles gets; a front before it that
counts, cuts and refuses; and a real registry for images (Debian's docker-registry)."""
import atexit
import functools
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings

from ggtest import Case
from servers import free_port, installed

REGION = "eu-west-1"
REGISTRY_USER = "AWS:123456789012-auth-token"  # whom moto gives a token for


@functools.cache
def small_worker():
    """gg-worker without its debug information, of which an image is made in a third of the time."""
    folder = tempfile.mkdtemp(prefix="gg-small-worker-")
    atexit.register(shutil.rmtree, folder)
    os.chmod(folder, 0o755)
    subprocess.run(["strip", "-o", f"{folder}/gg-worker", os.environ["GG_WORKER"]], check=True)
    return f"{folder}/gg-worker"


def modules():
    """The folder of moto and cfn-lint."""
    return str(installed("install-cloud-doubles"))


class Process:
    """A server of its own process group."""

    def start_process(self, argv, env, log):
        self.log_path = pathlib.Path(log)
        self.log = open(log, "ab")
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True, cwd="/")
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{argv} does not start: {self.log_path.read_text()}")
            time.sleep(0.05)  # polls: it says nothing when it is up

    def answers(self):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.probe}", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


class Moto(Process):
    probe = "/moto-api/data.json"

    def __init__(self, folder):
        self.port = free_port()
        self.start_process(["/usr/bin/python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                           {"PATH": "/usr/bin:/bin", "PYTHONPATH": modules(), "HOME": str(folder)}, folder / "moto.log")

    def ask(self, service, method, path, body=b"", headers=None, region=REGION):
        """As somebody else in the account would, unsigned."""
        scope = f"AWS4-HMAC-SHA256 Credential=AKIDOTHER/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body or None,
                                         {"Authorization": scope, "Content-Type": "application/octet-stream"} | (headers or {}), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def query(self, service, **parameters):
        return self.ask(service, "POST", "/", urllib.parse.urlencode(parameters).encode(),
                        {"Content-Type": "application/x-www-form-urlencoded"})

    def resources(self):
        """How many there are of what `gg cloud up` makes, by kind."""
        def json_of(service, target):
            return json.loads(self.ask(service, "POST", "/", b"{}", {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}))
        found = {
            "stacks": self.query("cloudformation", Action="DescribeStacks", Version="2010-05-15").count(b"<StackName>"),
            "buckets": self.ask("s3", "GET", "/").count(b"<Bucket>"),
            "functions": len(json.loads(self.ask("lambda", "GET", "/2015-03-31/functions/"))["Functions"]),
            "repositories": len(json_of("ecr", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories")["repositories"]),
            "logs": len(json_of("logs", "Logs_20140328.DescribeLogGroups")["logGroups"]),
            "roles": self.query("iam", Action="ListRoles", Version="2010-05-08").count(b"<RoleName>"),
        }
        return {kind: count for kind, count in found.items() if count}

    def check_signatures(self):
        """From now on every request has to be signed by a user who may do what it asks for."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}, method="POST")
        urllib.request.urlopen(request, timeout=30).close()


class Front:
    """Passes requests on to moto; each is noted as (method, path, action). `trouble`, called with such a request, may
    return (status, headers, body) in place of moto's answer. What moto lacks is answered here: account
    settings, and whether a function may be invoked."""

    def __init__(self, target, trouble=None, concurrent=1000):
        self.target, self.trouble, self.concurrent, self.seen = target, trouble, concurrent, []
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, data = front.answer(self.command, self.path, self.headers, body)
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD" and status != 204:
                    self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # whoever asked was killed

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @staticmethod
    def action_of(headers, body):
        if "X-Amz-Target" in headers:
            return headers["X-Amz-Target"].rpartition(".")[2]
        words = [word for word in body.decode("utf-8", "replace").split("&") if word.startswith("Action=")]
        return words[0].removeprefix("Action=") if words else ""

    def answer(self, method, path, headers, body):
        request = (method, path, self.action_of(headers, body))
        self.seen.append(request)
        if self.trouble is not None and (answer := self.trouble(*request)) is not None:
            return answer
        if path == "/2016-08-19/account-settings/":
            limit = {"ConcurrentExecutions": self.concurrent, "UnreservedConcurrentExecutions": self.concurrent}
            return 200, [("Content-Type", "application/json")], json.dumps({"AccountLimit": limit}).encode()
        if headers.get("X-Amz-Invocation-Type") == "DryRun":  # which moto would run
            return 204, [], b""
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), data

    def changes(self):
        """What was asked for that changes something."""
        reads = ("Describe", "Get", "List")
        return [request for request in self.seen
                if request[0] not in ("GET", "HEAD") and not request[2].startswith(reads) and "?delete" not in request[1]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class ImageRegistry(Process):
    """`user`: NAME:PASSWORD, without which nothing is to be had."""
    probe = "/v2/"

    def __init__(self, folder, user=None):
        self.port = free_port()
        self.folder = folder / "registry"
        self.folder.mkdir()
        config = folder / "registry.yml"
        config.write_text(f"version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {self.folder}}}}}\n"
                          f"http: {{addr: '127.0.0.1:{self.port}'}}\n")
        if user is not None:
            name, _, password = user.partition(":")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # crypt is to go; nothing else here hashes as the registry wants it
                import crypt
            (folder / "users").write_text(f"{name}:{crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH))}\n")
            with open(config, "a") as file:
                file.write(f"auth: {{htpasswd: {{realm: tests, path: {folder / 'users'}}}}}\n")
        self.start_process(["/usr/bin/docker-registry", "serve", str(config)], {"PATH": "/usr/bin:/bin"}, folder / "registry.log")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"


class CloudCase(Case):
    """A world with an account and a registry for images."""

    def setUp(self):
        super().setUp()
        self.moto = Moto(self.world)
        self.addCleanup(self.moto.stop)
        self.front = Front(self.moto.port)
        self.addCleanup(self.front.close)
        self.registry = ImageRegistry(self.world, REGISTRY_USER)
        self.addCleanup(self.registry.stop)
        self.environment |= {"AWS_ACCESS_KEY_ID": "AKIDTESTS", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGION,
                             "AWS_ENDPOINT_URL": self.front.url}
        self.config = self.home / ".config/gg/config.toml"

    def cloud(self, *words, **options):
        return self.gg("cloud", *words, cwd=self.world, **options)

    def up(self, *words, **options):
        return self.cloud("up", "--worker", small_worker(), "--registry", self.registry.url, *words, **options)

    def status(self):
        return json.loads(self.ok(self.cloud("status", "--json")).out)
