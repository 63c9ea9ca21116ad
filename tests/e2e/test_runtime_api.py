"""The worker as a function, behind AWS's own emulator of the Runtime API (tools/install-lambda-rie): a check of what we take
that for by somebody else. It gives one invocation at a time, and no limit of a function holds there."""
import base64
import http.server
import json
import os
import pathlib
import signal
import subprocess
import threading
import unittest
import urllib.request

from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from servers import MAKE, free_port, installed
from workers import WorkerCase, command_in_place



def program():
    """The emulator's path."""
    return str(installed("install-lambda-rie"))


class Emulator:
    """One function, in a place for functions, and the emulator before it."""

    def __init__(self, world):
        self.log, self.port = world / "emulator.log", free_port()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program(), "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}", "--runtime-api-address",
                 f"127.0.0.1:{free_port()}", *command_in_place(world), "--name", "function"],
                env={"PATH": "/usr/bin:/bin", "AWS_LAMBDA_FUNCTION_TIMEOUT": "60"}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", start_new_session=True)

    def invoke(self, payload):
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        return urllib.request.urlopen(urllib.request.Request(url, json.dumps(payload).encode()), timeout=60).read()

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Bridge(http.server.ThreadingHTTPServer):
    """Passes invocations of spec/worker.md on to the function, one at a time. What a worker says of itself is another's."""

    def __init__(self, emulator, described_by):
        self.emulator, self.described_by, self.turn = emulator, described_by, threading.Lock()
        super().__init__(("127.0.0.1", 0), BridgeHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class BridgeHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-gg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(urllib.request.urlopen(self.server.described_by + self.path).read())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.turn:
            said = self.server.emulator.invoke({"gg": base64.b64encode(body).decode()})
        self.answer(base64.b64decode(json.loads(said)["gg"]))

    def log_message(self, *words):
        pass


class RuntimeApi(WorkerCase):
    def setUp(self):
        super().setUp()
        self.emulator = Emulator(self.world)
        self.addCleanup(self.emulator.stop)
        self.wait_until(lambda: self.listens(self.emulator.port), "the emulator's port")

    @staticmethod
    def listens(port):
        return f":{port:04X} 00000000:0000 0A" in pathlib.Path("/proc/net/tcp").read_text()

    def test_a_build_goes_through_it(self):
        bridge = Bridge(self.emulator, self.worker("describes", jobs=1).url)
        self.addCleanup(bridge.server_close)
        self.addCleanup(bridge.shutdown)
        expected = self.expected()
        run = self.under_gg(MAKE, self.at(bridge.url))
        self.assert_same(expected, self.snapshot(), f"{run}\n{self.emulator.log.read_text()}")
        self.assertEqual(self.stats()["workers"], {"function": CALCULATOR_COMMANDS}, str(run))
        self.assertIn(b"worker function (skeleton, ", self.ok(self.gg("log", "--outcome", "attempt")).out)

    def test_what_is_no_invocation_is_refused_and_the_function_goes_on(self):
        for payload in ({}, {"gg": "???"}, {"gg": 7}):
            said = json.loads(self.emulator.invoke(payload))
            self.assertEqual(said["errorType"], "gg.Refused", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
