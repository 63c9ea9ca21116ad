"""A real server of the Remote Execution API for tests.

The server is buildbox-casd, which tools/install-reapi-server fetches: actions see their input root as "/" and nothing
else, in bubblewrap; objects, action cache and execution are one process.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from ggtest import NOBODY
from servers import SharingCase, free_port

INSTALL = pathlib.Path(__file__).resolve().parents[2] / "tools/install-reapi-server"


def programs():
    """The folder with the server's programs. Fails loudly where they cannot be had."""
    run = subprocess.run([INSTALL], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise AssertionError(f"no Remote Execution server to test against:\n{run.stderr}")
    return pathlib.Path(run.stdout.strip())


class Server:
    """One casd with a state of its own below `folder`. As root it runs as nobody, since bubblewrap shall need no
    privilege."""

    def __init__(self, folder, jobs=2, runner=()):
        self.folder, self.jobs, self.port, self.process = pathlib.Path(folder), jobs, free_port(), None
        self.runner = [f"--runner-arg={word}" for word in runner]
        source = programs()
        self.programs = self.folder / "programs"  # where nobody may look, too
        self.programs.mkdir(parents=True)
        for name in ("buildbox-casd", "buildbox-run"):
            shutil.copy(source / name, self.programs / name)
        self.state = self.folder / "state"
        self.state.mkdir()
        if os.getuid() == 0:
            os.chown(self.state, NOBODY, NOBODY)

    @property
    def address(self):
        return f"reapi://127.0.0.1:{self.port}"

    def start(self):
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [self.programs / "buildbox-casd", f"--bind=127.0.0.1:{self.port}", f"--buildbox-run={self.programs}/buildbox-run",
             *self.runner, f"--jobs={self.jobs}", "--log-level=warning", self.state / "cas"],
            env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True, cwd="/", **as_nobody)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"casd does not start: {(self.folder / 'log').read_text()}") from None
                time.sleep(0.02)  # polls: it says nothing when it is up

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            os.killpg(self.process.pid, how)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None
            self.log.close()

    def objects(self):
        """Where the bytes of each object are."""
        return [path for path in (self.state / "cas/cas/objects").rglob("*") if path.is_file()]

    def results(self):
        """Where each result is that it remembers."""
        return [path for path in (self.state / "cas/actioncache/objects").rglob("*") if path.is_file()]

    def forget_objects(self):
        """As if all had been collected, results apart. Only while it is stopped."""
        shutil.rmtree(self.state / "cas/cas/objects")

    def forget_everything(self):
        shutil.rmtree(self.state / "cas")


def attempts_at(case):
    """Where the latest run's thunks were tried: "reapi", "local"."""
    run = case.ok(case.gg("log", cwd=case.world)).out.split()[0].decode()
    log = case.ok(case.gg("log", "--run", run, "--outcome", "attempt", cwd=case.world)).out.decode()
    return {line.rpartition(" on ")[2].split(":")[0].split(",")[0] for line in log.splitlines()}


class ReapiCase(SharingCase):
    def setUp(self):
        super().setUp()
        self.server = Server(self.world / "server")
        self.addCleanup(self.server.stop)
        self.server.start()

    @property
    def engine(self):
        return ["--engine", self.server.address]
