"""Workers for tests: gg-worker programs beside a real S3 server (s3_server.py)."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from s3_server import S3Case

GG_WORKER = os.path.abspath(os.environ.get("GG_WORKER", "gg-worker"))
FUNCTION_PLACE = os.path.abspath(os.environ.get("GG_FUNCTION_PLACE", "function_place"))
SECRETS = {"AWS_ACCESS_KEY_ID": "AKIDOFTHEWORKER", "AWS_SECRET_ACCESS_KEY": "secret/of+the+worker",
           "AWS_SESSION_TOKEN": "token/of+the+worker", "GG_TEST_SECRET": "another/secret+of+the+worker"}
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
# A command that looks everywhere for keys; PLACES are addresses that it tries to reach.
HUNT = r"""
env > out
for p in /proc/[0-9]*; do
  for f in environ cmdline maps; do cat $p/$f 2>/dev/null | tr '\0' '\n'; done
  for d in $p/fd/*; do readlink $d; done
done >> out
cat /proc/net/tcp /proc/net/unix >> out 2>/dev/null
for f in $(find / -xdev -type f -size -200k -not -path '/proc/*' -not -path '/sys/*' 2>/dev/null); do cat $f 2>/dev/null; done >> out
for place in PLACES; do (echo GET / > /dev/tcp/$place) 2>/dev/null && echo reached:$place; done >> out
true
"""


class Worker:
    """One gg-worker. Its environment holds secrets, as a careless place would have it."""

    def __init__(self, world, name, *options, jobs=2, wrap=(), start=None):
        self.folder = world / name
        self.folder.mkdir(exist_ok=True)
        self.log = self.folder / "log"
        start = start or [*wrap, GG_WORKER, "--jobs", str(jobs), "--cache", str(self.folder / "cache")]
        self.argv = [*start, "--name", name, *options]
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd="/", start_new_session=True)

    @property
    def environment(self):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)} | SECRETS

    @property
    def said(self):
        return self.log.read_text()

    @property
    def url(self):
        found = re.search(r"listens on (\S+),", self.said)
        return found and found[1]

    @property
    def port(self):
        return int(self.url.rpartition(":")[2])

    def stop(self, number=signal.SIGKILL):
        """With all that runs there."""
        if self.process is not None:
            os.killpg(self.process.pid, number)
            self.process.wait(30)
            self.process = None

    def forget(self):
        """Starts anew, with nothing in its cache."""
        self.stop()
        shutil.rmtree(self.folder / "cache")
        self.start()


def command_in_place(world):
    """Starts a worker in a place for functions; makes its root the first time."""
    root = world / "image"
    made = world / "image.start"
    if not made.exists():
        made.write_text(subprocess.run([GG_WORKER, "--make-root", root], check=True, capture_output=True, text=True).stdout)
    return [FUNCTION_PLACE, str(root), *json.loads(made.read_text())]


class PlacedWorker(Worker):
    """One that runs as a function of AWS Lambda would, as far as that can be had here (tests/places): no namespaces, a root
    of links. `denied`: what else its place refuses."""

    def __init__(self, world, name, *options, denied="", tmp_bytes=2 << 30):
        self.denied, self.tmp_bytes = denied, tmp_bytes
        super().__init__(world, name, *options, start=command_in_place(world))

    @property
    def environment(self):
        return super().environment | {"GG_PLACE_DENY": self.denied, "GG_PLACE_TMP_BYTES": str(self.tmp_bytes)}


class WorkerCase(S3Case):
    def setUp(self):
        super().setUp()
        if not os.access(GG_WORKER, os.X_OK):
            self.fail("set GG_WORKER to the gg-worker binary")

    def worker(self, name="one", *options, **more):
        worker = Worker(self.world, name, *options, **more)
        self.addCleanup(worker.stop)
        self.ready(worker)
        return worker

    def placed(self, name="one", *options, **more):
        worker = PlacedWorker(self.world, name, *options, **more)
        self.addCleanup(worker.stop)
        self.ready(worker)
        return worker

    def ready(self, worker):
        self.wait_until(lambda: worker.url or worker.process.poll() is not None, "the worker's first line")
        self.assertTrue(worker.url, worker.said)

    def at(self, *workers):
        """The options that say where thunks are executed: at Workers or URLs."""
        urls = [worker if isinstance(worker, str) else worker.url for worker in workers]
        return ["--engine", ",".join(urls), *self.shared()]
