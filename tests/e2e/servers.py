"""What tests with servers share: a relay that does to their connections what networks do, certificates made on the spot,
and users who share results."""
import asyncio
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading

from ggtest import CALCULATOR, Case

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
MAKE = ["make", "-j4"]
RELAY_CHUNK = 1 << 14  # bytes
RELAY_QUEUE = 0.05     # seconds


def installed(*words):
    """What an install script of tools/ prints: where the programs are. Fails loudly where they cannot be had."""
    run = subprocess.run([TOOLS / words[0], *words[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise AssertionError(f"nothing to test against:\n{run.stderr}")
    return pathlib.Path(run.stdout.strip())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Relay:
    """Passes bytes on between clients and a port. What is done to them on the way is up to `trouble`, a function called
    with (direction, bytes so far on this connection, chunk): it returns what to pass on, or None to cut the connection.
    `delay`: seconds that each byte takes, one way; to connect costs a round trip. `rate`: bytes a second each way, of all
    connections together; what is to go waits in one line, which takes no more once that is RELAY_QUEUE long. (Without
    TCP's slow start, and without losses.) `tls`: an ssl context; clients speak TLS then, the server behind does not."""

    def __init__(self, port, trouble=None, tls=None, delay=0.0, rate=None):
        self.target, self.trouble, self.tls, self.delay, self.rate = port, trouble, tls, delay, rate
        self.free_at = {"up": 0.0, "down": 0.0}  # when the line is through
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
            await asyncio.sleep(2 * self.delay)
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
            while chunk := await source.read(RELAY_CHUNK):
                sent = await self.line_up(direction, len(chunk))
                due.put_nowait((sent + self.delay, chunk))
        except OSError:
            pass
        due.put_nowait((self.loop.time() + self.delay, b""))
        await giving

    async def line_up(self, direction, length):
        """When so many bytes have left."""
        now = self.loop.time()
        if self.rate is None:
            return now
        sent = self.free_at[direction] = max(now, self.free_at[direction]) + length / self.rate
        await asyncio.sleep(sent - now - RELAY_QUEUE)
        return sent

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


class SharingCase(Case):
    def second_user(self):
        """Another store; the same paths."""
        shutil.rmtree(self.store)

    def expected(self, files=CALCULATOR, argv=MAKE):
        self.fresh(files)
        self.plain(argv)
        expected = self.snapshot()
        self.fresh(files)
        return expected

    def hits(self):
        stats = self.stats()
        return stats["hits"], stats["ran"]
