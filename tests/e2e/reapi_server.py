"""Real servers of the Remote Execution API for tests.

Casd is buildbox-casd, which tools/install-reapi-server fetches: actions see their input root as "/" and nothing else, in
bubblewrap; objects, action cache and execution are one process. Justbuild is justbuild's execution service, which
tools/install-newer-debian fetches: actions see the host's "/", so that thunks go there through gg-exec.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, NOBODY
from servers import MAKE, SharingCase, free_port, installed


class Program:
    """A process with programs and state of its own below `folder`, which listens at a port of loopback. As root it runs as
    nobody, since actions shall need no privilege, unless it executes none."""

    environment = {"PATH": "/usr/bin:/bin"}
    executes = True

    def __init__(self, folder, programs):
        self.folder, self.port, self.process = pathlib.Path(folder), free_port(), None
        self.programs = self.folder / "programs"  # where nobody may look, too
        self.programs.mkdir(parents=True)
        for path in programs:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, self.programs / path.name)
        self.state = self.folder / "state"
        self.state.mkdir()
        if os.getuid() == 0:
            os.chown(self.state, NOBODY, NOBODY)

    @property
    def address(self):
        return f"reapi://127.0.0.1:{self.port}"

    def argv(self):
        raise NotImplementedError

    def open(self, argv):
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.executes and os.getuid() == 0 else {}
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen([str(word) for word in argv], env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, start_new_session=True, cwd="/", **as_nobody)

    def said(self):
        return (self.folder / "log").read_text()

    def is_up(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def start(self):
        self.process = self.open(self.argv())
        deadline = time.monotonic() + 60
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.process.args[0]} does not start: {self.said()}")
            time.sleep(0.02)  # polls: it says nothing when it is up
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            os.killpg(self.process.pid, how)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None


class Casd(Program):
    def __init__(self, folder, jobs=2, runner=()):
        source = installed("install-reapi-server")
        super().__init__(folder, [source / "buildbox-casd", source / "buildbox-run"])
        self.jobs, self.runner = jobs, [f"--runner-arg={word}" for word in runner]

    def argv(self):
        return [self.programs / "buildbox-casd", f"--bind=127.0.0.1:{self.port}",
                f"--buildbox-run={self.programs}/buildbox-run", *self.runner, f"--jobs={self.jobs}", "--log-level=warning",
                self.state / "cas"]

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


class Justbuild(Program):
    def __init__(self, folder):
        source = installed("install-newer-debian", "justbuild")
        super().__init__(folder, [source / name for name in ("bin", "lib", "programs")])

    def argv(self):
        # just puts these words before each command.
        launcher = ["sh", "-c", f'echo "$@" >> {self.state}/executed; exec "$@"', "launcher"]
        return [self.programs / "bin/justbuild", "execute", "--compatible", "--port", self.port, "--interface", "127.0.0.1",
                "--local-build-root", self.state / "root", "--local-launcher", json.dumps(launcher), "--plain-log"]

    def executed(self):
        """The commands that it has executed, as it was given them."""
        return (self.state / "executed").read_text().splitlines()


def attempts_at(case):
    """Where the latest run's thunks were tried: "reapi", "local"."""
    run = case.ok(case.gg("log", cwd=case.world)).out.split()[0].decode()
    log = case.ok(case.gg("log", "--run", run, "--outcome", "attempt", cwd=case.world)).out.decode()
    return {line.rpartition(" on ")[2].split(":")[0].split(",")[0] for line in log.splitlines()}


class ReapiCase(SharingCase):
    def setUp(self):
        super().setUp()
        self.server = self.open_server()

    def open_server(self):
        return self.started(Casd(self.world / "server"))

    def started(self, server):
        self.addCleanup(server.stop)
        return server.start()

    @property
    def engine(self):
        return ["--engine", self.server.address]

    def assert_built_there(self):
        """A build makes what the plain one makes, and the server executes all of it. Returns the tree."""
        expected = self.expected()
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)
        self.assertEqual(attempts_at(self), {"reapi"})
        self.assert_nothing_to_do(MAKE)
        return expected

    def assert_failure_is_told(self):
        """A failing compile is told as the compiler tells it."""
        broken = CALCULATOR | {"src/print.c": "void print(int n) { undeclared(n) }\n"}
        self.fresh(broken)
        plain = self.run_command(MAKE)
        self.fresh(broken)
        run = self.failing(MAKE, self.engine)
        self.assertIn(b"print.c:1:", plain.err)
        for line in plain.err.splitlines():
            if b"print.c" in line and b"make" not in line:
                self.assertIn(line, run.err.splitlines(), str(run))
        self.assertIn(b"gg: to reproduce:", run.err)
