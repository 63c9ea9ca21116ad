"""A function service for tests: AWS Lambda's Invoke API as its reference describes it, and stricter where AWS is lenient. It
verifies signatures by itself, holds limits (payload, concurrency, new environments), starts, reuses, freezes and reaps
environments, and bills. What runs in an environment is a back end's affair (environments.py)."""
import asyncio
import base64
import collections
import json
import math
import random
import re
import threading
import time
import uuid

import aws_signature
import strict_http
from strict_http import Reply

REGION = "us-east-1"  # where versitygw is, too
MOST_PAYLOAD = 6 * 1024 * 1024
PRICE_PER_GB_SECOND, PRICE_PER_REQUEST = 16.6667e-6, 0.2e-6  # dollars
FUNCTION = re.compile(r"/2015-03-31/functions/([A-Za-z0-9_-]+)/(configuration|invocations)")
FAULTS = ("429", "500", "reset", "twice", "crash", "memory")


class Failed(Exception):
    """What an environment ends an invocation with instead of an answer."""

    def __init__(self, type, message, gone=True, used_mb=None):
        super().__init__(message)
        self.type, self.message, self.gone, self.used_mb = type, message, gone, used_mb


class Function:
    def __init__(self, name, memory_mb=1769, timeout=60.0, architecture="x86_64"):
        self.name, self.memory_mb, self.timeout, self.architecture = name, memory_mb, timeout, architecture
        self.idle = []                      # environments, the one used last at the end
        self.started = collections.deque()  # when, of those of the last ten seconds


class Service:
    """`backend.start(function)` is a coroutine that returns an environment, with coroutines invoke(payload, deadline) and
    stop(). `faults`: {one of FAULTS: probability}."""

    def __init__(self, backend, functions, identities, concurrency=1000, rate=1000, cold=0.2, idle=30.0, faults=None, seed=0, round_trip=0.0):
        self.backend, self.identities = backend, identities
        self.functions = {function.name: function for function in functions}
        self.concurrency, self.rate, self.cold, self.idle, self.faults = concurrency, rate, cold, idle, dict(faults or {})
        self.random, self.round_trip = random.Random(seed), round_trip
        self.running, self.most_running = 0, 0
        self.counts = collections.Counter()
        self.billed = 0.0  # dollars, whether anybody was told or not
        self.environments = set()
        self.first_asked = self.last_asked = self.last_answered = None  # invocations: time.monotonic()
        self.loop, self.thread, self.port = asyncio.new_event_loop(), None, None

    # What tests and benches use, from their own thread.
    def start(self):
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()
        return self

    def close(self):
        asyncio.run_coroutine_threadsafe(self.stop_all(), self.loop).result(60)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def delete(self, name):
        self.loop.call_soon_threadsafe(self.functions.pop, name, None)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.server, self.connections = self.loop.run_until_complete(strict_http.serve(self.handle, round_trip=self.round_trip))
        self.port = self.server.sockets[0].getsockname()[1]
        reaper = self.loop.create_task(self.reap())
        ready.set()
        self.loop.run_forever()
        reaper.cancel()
        self.server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def stop_all(self):
        await asyncio.gather(*(environment.stop() for environment in list(self.environments)))
        await self.backend.close()

    async def reap(self):
        while True:
            await asyncio.sleep(min(self.idle, 1.0))
            now = time.monotonic()
            for function in self.functions.values():
                while function.idle and now - function.idle[0].idle_since > self.idle:
                    self.counts["reaped"] += 1
                    await self.end(function.idle.pop(0))

    async def end(self, environment):
        self.environments.discard(environment)
        await environment.stop()

    # The API.
    async def handle(self, request):
        is_invocation = request.target.endswith("/invocations")
        if is_invocation:
            self.last_asked = time.monotonic()
            self.first_asked = self.first_asked or self.last_asked
        reply = await self.route(request)
        if is_invocation:
            self.counts[f"HTTP {reply.status}"] += 1
            self.last_answered = time.monotonic()
        return reply

    def refusal(self, status, type, message, **more):
        body = json.dumps({"Type": "User", "message": message} | more).encode()
        return Reply(status, body, [("Content-Type", "application/json"), ("x-amzn-ErrorType", type), ("x-amzn-RequestId", str(uuid.uuid4()))])

    async def route(self, request):
        try:
            identity = aws_signature.verify(request, self.identities, REGION, "lambda")
        except aws_signature.Refused as refused:
            return self.refusal(403, refused.type, refused.message)
        found = FUNCTION.fullmatch(request.target)
        if not found or request.method != ("GET" if found[2] == "configuration" else "POST"):
            return self.refusal(404, "UnknownOperationException", "Unable to determine service/operation name to be authorized")
        action = "lambda:GetFunctionConfiguration" if found[2] == "configuration" else "lambda:InvokeFunction"
        if action not in identity.allowed:
            return self.refusal(403, "AccessDeniedException", f"User is not authorized to perform: {action} on resource: {found[1]}")
        function = self.functions.get(found[1])
        if function is None:
            return self.refusal(404, "ResourceNotFoundException", f"Function not found: arn:aws:lambda:{REGION}:000000000000:function:{found[1]}")
        if found[2] == "configuration":
            said = {"FunctionName": function.name, "MemorySize": function.memory_mb, "Timeout": math.ceil(function.timeout),
                    "Architectures": [function.architecture], "State": "Active"}
            return Reply(200, json.dumps(said).encode(), [("Content-Type", "application/json")])
        return await self.invocation(function, request)

    def strikes(self, fault):
        """By chance; but a likely one the first time, so that it is sure to happen."""
        share = self.faults.get(fault, 0)
        struck = self.random.random() < share or (share >= 0.2 and not self.counts[f"fault {fault}"])
        self.counts[f"fault {fault}"] += struck
        return struck

    async def invocation(self, function, request):
        if len(request.body) > MOST_PAYLOAD:
            return self.refusal(413, "RequestTooLargeException", f"Request must be smaller than {MOST_PAYLOAD} bytes for the InvokeFunction operation")
        if request.headers.get("x-amz-invocation-type", "RequestResponse") != "RequestResponse":
            return self.refusal(400, "InvalidParameterValueException", "only RequestResponse is known here")
        try:
            json.loads(request.body.decode("utf-8"), parse_constant=lambda word: 1 / 0)
        except (ValueError, ZeroDivisionError):
            return self.refusal(400, "InvalidRequestContentException", "Could not parse request body into json")
        if self.strikes("500"):
            return self.refusal(500, "ServiceException", "Internal error", Type="Service")
        if self.strikes("429"):
            return self.throttled("CallerRateLimitExceeded")
        if self.running >= self.concurrency:
            return self.throttled("ConcurrentInvocationLimitExceeded")
        # Goes on although the client may have gone: there is no way to stop an invocation.
        return await asyncio.shield(asyncio.ensure_future(self.counted(function, request)))

    async def counted(self, function, request):
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await self.admitted(function, request)
        finally:
            self.running -= 1

    def throttled(self, reason):
        self.counts["throttled"] += 1
        return self.refusal(429, "TooManyRequestsException", "Rate Exceeded.", Reason=reason)

    def may_start(self, function):
        now = time.monotonic()
        while function.started and now - function.started[0] > 10:
            function.started.popleft()
        if len(function.started) >= self.rate:
            return False
        function.started.append(now)
        return True

    async def admitted(self, function, request):
        start = 0.0
        if function.idle:
            environment = function.idle.pop()
        elif not self.may_start(function):
            return self.throttled("FunctionInvocationRateLimitExceeded")
        else:
            self.counts["cold"] += 1
            began = time.monotonic()
            await asyncio.sleep(self.cold)
            environment = await self.backend.start(function)
            self.environments.add(environment)
            start = time.monotonic() - began
        if self.strikes("twice"):
            asyncio.ensure_future(self.once_more(function, request.body))
        return await self.execute(function, environment, request.body, start)

    async def once_more(self, function, payload):
        """A duplicate that nobody hears of, or is billed for."""
        environment = await self.backend.start(function)
        self.environments.add(environment)
        try:
            await environment.invoke(payload, time.time() + function.timeout)
        except Failed:
            pass
        await self.end(environment)

    async def execute(self, function, environment, payload, start):
        began = time.monotonic()
        error, used_mb = None, 64
        try:
            if self.strikes("memory"):
                raise Failed("Runtime.ExitError", "Error: Runtime exited with error: signal: killed", used_mb=function.memory_mb)
            work = environment.invoke(payload, time.time() + function.timeout)
            if self.strikes("crash"):
                answer = await asyncio.wait_for(work, function.timeout)
                raise Failed("Runtime.ExitError", "Error: Runtime exited with error: exit status 1")
            answer = await asyncio.wait_for(work, function.timeout)
            if len(answer) > MOST_PAYLOAD:
                raise Failed("Function.ResponseSizeTooLarge", f"Response payload size exceeded maximum allowed payload size ({MOST_PAYLOAD} bytes).",
                             gone=False)
            json.loads(answer)
        except asyncio.TimeoutError:
            error = Failed("Sandbox.Timedout", f"Task timed out after {function.timeout:.2f} seconds")
        except ValueError:
            error = Failed("Function.InvalidResponse", "the response is no JSON", gone=False)
        except Failed as failed:
            error = failed
        took = time.monotonic() - began
        if error is not None and error.used_mb:
            used_mb = error.used_mb
        billed_ms = math.ceil((took + start) * 1000)
        self.billed += PRICE_PER_REQUEST + PRICE_PER_GB_SECOND * function.memory_mb / 1024 * billed_ms / 1000
        self.counts["executed"] += 1
        if error is not None and error.gone:
            await self.end(environment)
        else:
            environment.idle_since = time.monotonic()
            function.idle.append(environment)
        return self.reply(function, error, None if error else answer, took, billed_ms, start, used_mb)

    def reply(self, function, error, answer, took, billed_ms, start, used_mb):
        name = str(uuid.UUID(int=self.random.getrandbits(128)))
        log = (f"START RequestId: {name} Version: $LATEST\nEND RequestId: {name}\nREPORT RequestId: {name}\tDuration: {took * 1000:.2f} ms\t"
               f"Billed Duration: {billed_ms} ms\tMemory Size: {function.memory_mb} MB\tMax Memory Used: {used_mb} MB\t"
               + (f"Init Duration: {start * 1000:.2f} ms\t" if start else "") + "\n")
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", name), ("X-Amz-Executed-Version", "$LATEST"),
                   ("X-Amz-Log-Result", base64.b64encode(log.encode()).decode())]
        if error is not None:
            self.counts[error.type] += 1
            answer = json.dumps({"errorType": error.type, "errorMessage": f"RequestId: {name} {error.message}"}).encode()
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        reply = Reply(200, answer, headers)
        if self.strikes("reset"):
            reply.cut = self.random.randrange(len(reply.encoded()))
        return reply
