"""An HTTP/1.1 server for asyncio that holds thousands of requests open, and refuses what is not quite HTTP."""
import asyncio
import traceback

MOST_HEAD = 64 << 10
REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Too Large", 429: "Too Many", 500: "Error"}


class Request:
    __slots__ = ("method", "target", "headers", "body")

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body


class Reply:
    """`cut`: so many bytes of it are sent, and then the connection is reset."""
    __slots__ = ("status", "headers", "body", "cut")

    def __init__(self, status, body=b"", headers=(), cut=None):
        self.status, self.body, self.headers, self.cut = status, body, headers, cut

    def encoded(self):
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'said')}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Malformed(Exception):
    pass


def parse_head(head):
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1" or not words[1].startswith("/"):
        raise Malformed(f"no request line: {first!r}")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or name != name.strip() or name in headers:
            raise Malformed(f"no header, or one that came twice: {line!r}")
        headers[name] = value.strip()
    if "host" not in headers or "transfer-encoding" in headers:
        raise Malformed("no Host, or a Transfer-Encoding")
    return words[0], words[1], headers


class Connection(asyncio.Protocol):
    """One request at a time; `handle(request)` is a coroutine that returns a Reply, cancelled when the client goes. `round_trip`:
    seconds, as if the client were that far away; TCP's and TLS's greetings take one each."""

    def __init__(self, handle, connections, round_trip=0.0):
        self.handle, self.connections, self.buffer, self.task, self.transport = handle, connections, bytearray(), None, None
        self.one_way, self.greeting = round_trip / 2, 2 * round_trip

    def connection_made(self, transport):
        self.transport = transport
        self.connections.add(self)

    def connection_lost(self, error):
        self.connections.discard(self)
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data):
        self.buffer += data
        self.look()

    def look(self):
        if self.task is not None:
            return
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > MOST_HEAD:
                self.refuse("a head without an end")
            return
        try:
            method, target, headers = parse_head(bytes(self.buffer[:end]))
            length = int(headers.get("content-length", "0"))
            if method in ("POST", "PUT") and "content-length" not in headers or length < 0:
                raise Malformed("no Content-Length")
        except (Malformed, ValueError) as error:
            self.refuse(str(error))
            return
        if len(self.buffer) < end + 4 + length:
            return
        body = bytes(self.buffer[end + 4:end + 4 + length])
        del self.buffer[:end + 4 + length]
        self.task = asyncio.get_running_loop().create_task(self.answer(Request(method, target, headers, body)))

    def refuse(self, why):
        self.transport.write(Reply(400, why.encode()).encoded())
        self.transport.close()

    async def answer(self, request):
        try:
            if self.one_way:
                await asyncio.sleep(self.greeting + self.one_way)
                self.greeting = 0.0
            reply = await self.handle(request)
            if self.one_way:
                await asyncio.sleep(self.one_way)
        except asyncio.CancelledError:
            return
        except Exception:
            traceback.print_exc()  # a defect of the double; the client sees a connection that breaks
            self.transport.abort()
            return
        bytes_of = reply.encoded()
        if reply.cut is not None:
            self.transport.write(bytes_of[:reply.cut])
            # A reset and no orderly end, once what was written is on its way.
            asyncio.get_running_loop().call_later(0.005, self.transport.abort)
            return
        self.transport.write(bytes_of)
        self.task = None
        self.look()


async def serve(handle, host="127.0.0.1", port=0, round_trip=0.0):
    """A server and the set of its connections."""
    connections = set()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(handle, connections, round_trip), host, port, backlog=16384)
    return server, connections
