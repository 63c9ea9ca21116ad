"""What runs in the environments of functions.py: gg-worker programs, which speak the Runtime API with it, or sleepers in this very
process, of which there can be thousands."""
import asyncio
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import uuid

import messages
import strict_http
from functions import Failed
from strict_http import Reply

# What careless code would find in a function's environment.
SECRETS = {"AWS_ACCESS_KEY_ID": "ASIAOFTHEFUNCTION", "AWS_SECRET_ACCESS_KEY": "secret/of+the+function",
           "AWS_SESSION_TOKEN": "token/of+the+function"}


class RealWorkers:
    """gg-worker, one process an environment, frozen between invocations, with a folder of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    async def start(self, function):
        self.folder.mkdir(exist_ok=True)
        worker = RealWorker(pathlib.Path(tempfile.mkdtemp(prefix=f"{function.name}.", dir=self.folder)))
        await worker.start(self.program, function)
        return worker

    async def close(self):
        pass


class RealWorker:
    def __init__(self, folder):
        self.folder, self.process, self.idle_since = folder, None, time.monotonic()
        self.asked = asyncio.Event()    # it waits for an invocation
        self.given = None               # a future: what it is to be given
        self.answer = None              # a future: what it has said
        self.request_id = None

    async def start(self, program, function):
        self.server, self.connections = await strict_http.serve(self.handle)
        port = self.server.sockets[0].getsockname()[1]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
                       "AWS_LAMBDA_FUNCTION_NAME": function.name} | SECRETS
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([program, "--name", self.folder.name, "--cache", str(self.folder / "cache")], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True)
        deadline = time.monotonic() + 10
        while not self.asked.is_set():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the worker does not start: {(self.folder / 'log').read_text()}")
            await asyncio.sleep(0.005)
        self.signal(signal.SIGSTOP)

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    async def handle(self, request):
        path = request.target.removeprefix("/2018-06-01/runtime")
        if (request.method, path) == ("GET", "/invocation/next"):
            self.given = asyncio.get_running_loop().create_future()
            self.asked.set()
            body, request_id, deadline = await self.given
            return Reply(200, body, [("Content-Type", "application/json"), ("Lambda-Runtime-Aws-Request-Id", request_id),
                                     ("Lambda-Runtime-Deadline-Ms", str(int(deadline * 1000)))])
        kind = path.rpartition("/")[2]
        if request.method != "POST" or path != f"/invocation/{self.request_id}/{kind}" or kind not in ("response", "error"):
            return Reply(400, b"no such call, or of an invocation that is over")
        if not self.answer.done():
            self.answer.set_result((kind, request.body))
        return Reply(202)

    async def invoke(self, payload, deadline):
        self.request_id = str(uuid.uuid4())
        self.answer = asyncio.get_running_loop().create_future()
        self.asked.clear()
        self.signal(signal.SIGCONT)
        self.given.set_result((payload, self.request_id, deadline))
        while not self.answer.done():
            if self.process is None or self.process.poll() is not None:
                raise Failed("Runtime.ExitError", "Error: Runtime exited with error")
            await asyncio.wait([self.answer], timeout=0.2)
        kind, body = self.answer.result()
        await self.asked.wait()
        self.signal(signal.SIGSTOP)  # as Lambda does once it asks for the next
        if kind == "error":
            said = json.loads(body)
            raise Failed(said["errorType"], said["errorMessage"], gone=False)
        return body

    async def stop(self):
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()
            self.process = None
            self.server.close()
            for connection in list(self.connections):
                connection.transport.abort()
            shutil.rmtree(self.folder, ignore_errors=True)


class Sleepers:
    """Do what a thunk's command would take (`sleep SECONDS` in it) and leave (`head -c BYTES … > FILE`) without executing it.
    Inputs are fetched and outputs written over HTTP by presigned URLs, as a worker does it. `ports`: where a store is for them
    that is elsewhere for the client; `round_trip`: seconds to it."""

    def __init__(self, ports=None, round_trip=0.0):
        self.ports, self.round_trip = ports or {}, round_trip
        self.idle = {}  # connections to stores, by host
        self.cache = {}

    async def start(self, function):
        return Sleeper(self)

    async def close(self):
        for connections in self.idle.values():
            for _, writer in connections:
                writer.transport.abort()

    async def ask(self, method, url, body=b"", headers=()):
        """(status, body); once more on a fresh connection where a kept one has died."""
        parts = urllib.parse.urlsplit(url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}", *headers]
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        kept = self.idle.setdefault(parts.netloc, [])
        while True:
            is_fresh = not kept
            port = self.ports.get(parts.port, parts.port)
            reader, writer = await asyncio.open_connection(parts.hostname, port) if is_fresh else kept.pop()
            try:
                await asyncio.sleep(self.round_trip * (2 if is_fresh else 1))
                writer.write(message)
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(re.search(r"content-length: *(\d+)", head)[1])
                data = await reader.readexactly(length)
                kept.append((reader, writer))
                return int(head.split(" ")[1]), data
            except (OSError, asyncio.IncompleteReadError):
                writer.transport.abort()
                if is_fresh:
                    raise

    async def object(self, invocation, digest):
        found = invocation.objects.get(digest.hash) or self.cache.get(digest.hash)
        if found is not None:
            return found
        for pack in invocation.packs:
            place = pack.places.get(digest.hash) or await self.place(pack, digest)
            if place is None:
                continue
            offset, stored, encoding = place
            status, data = await self.ask("GET", pack.url, headers=[f"Range: bytes={offset}-{offset + stored - 1}"])
            data = messages.decompressed(data) if encoding == 1 else data
            if status == 206 and messages.Digest.of(data).hash == digest.hash:
                self.cache[digest.hash] = data
                return data
        raise Failed("sleeper", f"no pack holds {digest.hash}", gone=False)

    async def place(self, pack, digest):
        """Of an object that the invocation does not name the place of: from the pack's index."""
        if pack.url not in self.cache:
            status, tail = await self.ask("GET", pack.url, headers=[f"Range: bytes={max(0, pack.bytes - (64 << 10))}-{pack.bytes - 1}"])
            start = int.from_bytes(tail[-64:-56], "big") - max(0, pack.bytes - (64 << 10))
            if status != 206 or start < 0:
                return None
            entries = (tail[at:at + 57] for at in range(start, start + 57 * int.from_bytes(tail[-56:-48], "big"), 57))
            self.cache[pack.url] = {entry[:32].hex(): (int.from_bytes(entry[40:48], "big"), int.from_bytes(entry[48:56], "big"), entry[56])
                                    for entry in entries}
        return self.cache[pack.url].get(digest.hash)


class Sleeper:
    def __init__(self, all):
        self.all, self.idle_since = all, time.monotonic()

    async def invoke(self, payload, deadline):
        try:
            invocation = messages.Invocation(base64.b64decode(json.loads(payload)["gg"], validate=True))
        except (ValueError, KeyError, TypeError) as error:
            raise Failed("gg.Refused", f"no invocation: {error!r}", gone=False)
        thunk = await self.all.object(invocation, invocation.thunk)
        command = messages.Command(await self.all.object(invocation, messages.command_of(thunk)))
        text = " ".join(command.argv)
        if seconds := re.search(r"sleep ([0-9.]+)", text):
            await asyncio.sleep(float(seconds[1]))
        sizes = {path: int(count) for count, path in re.findall(r"head -c (\d+) [^>]*> *(\S+)", text)}
        files = {path: os.urandom(sizes.get(path, 0)) for path in command.outputs}
        result = messages.result(files)
        memos = [(invocation.thunk, messages.Digest.of(result))] if invocation.tell_memo else []
        written = messages.pack([result, *files.values()], memos)
        status, _ = await self.all.ask("PUT", invocation.output_url, written[0])
        if status != 200:
            raise Failed("sleeper", f"the bucket says {status}", gone=False)
        inline = [data for data in files.values() if len(data) <= invocation.inline_bytes]
        return json.dumps({"gg": base64.b64encode(messages.answer(result, inline, written)).decode()}).encode()

    async def stop(self):
        pass
