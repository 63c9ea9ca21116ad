"""Real servers of the Remote Execution API for tests, and a relay that does to their connections what networks do.

The server is buildbox-casd, which tools/install-reapi-server fetches: actions see their input root as "/" and nothing
else, in bubblewrap; objects, action cache and execution are one process.
"""
import asyncio
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from ggtest import CALCULATOR, NOBODY, Case

MAKE = ["make", "-j4"]

INSTALL = pathlib.Path(__file__).resolve().parents[2] / "tools/install-reapi-server"


def programs():
    """The folder with the server's programs. Fails loudly where they cannot be had."""
    run = subprocess.run([INSTALL], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise AssertionError(f"no Remote Execution server to test against:\n{run.stderr}")
    return pathlib.Path(run.stdout.strip())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


class Relay:
    """Passes bytes on between clients and a port. What is done to them on the way is up to `trouble`, a function called
    with (direction, bytes so far on this connection, chunk): it returns what to pass on, or None to cut the connection.
    `delay`: seconds that each byte takes, one way. `tls`: an ssl context; clients speak TLS then, the server behind does
    not."""

    def __init__(self, port, trouble=None, tls=None, delay=0.0):
        self.target, self.trouble, self.tls, self.delay = port, trouble, tls, delay
        self.carried = {"up": 0, "down": 0}
        self.port = None
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.tls))
        self.port = self.server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.set_exception_handler(lambda loop, context: None)  # a broken connection is what relays are for
        self.loop.run_forever()
        self.server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def serve(self, reader, writer):
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = (writer, there_writer)
        await asyncio.gather(self.take("up", reader, there_writer, ends), self.take("down", there_reader, writer, ends))

    async def take(self, direction, source, sink, ends):
        due = asyncio.Queue()
        giving = asyncio.ensure_future(self.give(direction, due, sink, ends))
        try:
            while chunk := await source.read(1 << 16):
                due.put_nowait((self.loop.time() + self.delay, chunk))
        except OSError:
            pass
        due.put_nowait((self.loop.time() + self.delay, b""))
        await giving

    async def give(self, direction, due, sink, ends):
        so_far = 0
        while True:
            when, chunk = await due.get()
            await asyncio.sleep(max(0.0, when - self.loop.time()))
            passed = None if not chunk else chunk if self.trouble is None else self.trouble(direction, so_far, chunk)
            if passed is None:
                break
            so_far += len(chunk)
            self.carried[direction] += len(passed)
            try:
                sink.write(passed)
                await sink.drain()
            except OSError:
                break
        for end in ends:
            end.transport.abort()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


class Certificates:
    """An authority, a server's certificate for 127.0.0.1, a client's, and a server's that has expired."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority",
                     "-days", "2")
        (self.folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        self.issue("server", "2")
        self.issue("client", "2")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, days):
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
                     "-extfile", "names", "-out", f"{name}.pem")

    def path(self, name):
        return str(self.folder / name)

    def context(self, name="server", clients=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        context.set_alpn_protocols(["h2"])
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path("ca.pem"))
        return context


def attempts_at(case):
    """Where the latest run's thunks were tried: "reapi", "local"."""
    run = case.ok(case.gg("log", cwd=case.world)).out.split()[0].decode()
    log = case.ok(case.gg("log", "--run", run, "--outcome", "attempt", cwd=case.world)).out.decode()
    return {line.rpartition(" on ")[2].split(":")[0].split(",")[0] for line in log.splitlines()}


class ReapiCase(Case):
    def setUp(self):
        super().setUp()
        self.server = Server(self.world / "server")
        self.addCleanup(self.server.stop)
        self.server.start()

    @property
    def engine(self):
        return ["--engine", self.server.address]

    def second_user(self):
        """Another store; the same paths."""
        shutil.rmtree(self.store)

    def expected(self, files=CALCULATOR, argv=MAKE):
        self.fresh(files)
        self.plain(argv)
        expected = self.snapshot()
        self.fresh(files)
        return expected
