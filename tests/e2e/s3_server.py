"""A real S3 server for tests: versitygw, which tools/install-s3-server builds. It checks signatures, checksums and
conditional writes as AWS documents them (where it was tried against that). servers.py has the relay."""
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from servers import SharingCase, free_port, installed

KEY, SECRET, BUCKET = "AKIDTESTS", "secret/of+tests", "team"
FOLDER = "packs"


def program():
    """The server's path."""
    return str(installed("install-s3-server"))


class Server:
    """One versitygw with a bucket of its own below `folder`."""

    def __init__(self, folder, certificates=None):
        self.folder, self.port, self.process, self.certificates = pathlib.Path(folder), free_port(), None, certificates
        self.data = self.folder / "data"
        (self.data / BUCKET).mkdir(parents=True)
        (self.folder / "iam").mkdir()

    @property
    def endpoint(self):
        return f"{'https' if self.certificates else 'http'}://127.0.0.1:{self.port}"

    def start(self):
        tls = [] if self.certificates is None else [
            "--cert", self.certificates.path("server.pem"), "--key", self.certificates.path("server.key")]
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [program(), "--quiet", "--keep-alive", "--port", f"127.0.0.1:{self.port}", "--virtual-domain", "localhost",
             *tls, "--iam-dir", str(self.folder / "iam"), "posix", str(self.data)],
            env={"PATH": "/usr/bin:/bin", "ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, start_new_session=True, cwd="/")
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"versitygw does not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)  # polls: it says nothing when it is up
        return self

    def answers(self):
        try:
            unverified = ssl._create_unverified_context()  # it is only asked whether it is up
            urllib.request.urlopen(self.endpoint, timeout=5, context=unverified).close()
        except urllib.error.HTTPError:
            return True  # it refuses who does not sign
        except OSError:
            return False
        return True

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
            self.log.close()

    def packs(self, prefix="cache"):
        """Where the bytes of each pack are."""
        return sorted(path for path in (self.data / BUCKET / prefix / FOLDER).glob("*") if path.is_file())

    def make_user(self, name, secret, role="user"):
        subprocess.run([program(), "admin", "--access", KEY, "--secret", SECRET, "--endpoint-url", self.endpoint, "create-user",
                        "--access", name, "--secret", secret, "--role", role], check=True, capture_output=True)

    def empty(self):
        """As if a rule of its life cycle had removed all."""
        shutil.rmtree(self.data / BUCKET / "cache", ignore_errors=True)


class S3Case(SharingCase):
    certificates = None

    def setUp(self):
        super().setUp()
        self.server = Server(self.world / "server", self.certificates)
        self.addCleanup(self.server.stop)
        self.server.start()
        self.environment |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def shared(self, endpoint=None, more="", prefix="cache"):
        return ["--store", f"s3://{BUCKET}/{prefix}?endpoint={endpoint or self.server.endpoint}{more}"]
