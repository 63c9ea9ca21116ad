"""Workers for tests: gg-worker programs beside a real S3 server (s3_server.py)."""
import os
import re
import shutil
import signal
import subprocess

from s3_server import S3Case

GG_WORKER = os.path.abspath(os.environ.get("GG_WORKER", "gg-worker"))
SECRETS = {"AWS_ACCESS_KEY_ID": "AKIDOFTHEWORKER", "AWS_SECRET_ACCESS_KEY": "secret/of+the+worker",
           "AWS_SESSION_TOKEN": "token/of+the+worker", "GG_TEST_SECRET": "another/secret+of+the+worker"}


class Worker:
    """One gg-worker. Its environment holds secrets, as a careless place would have it."""

    def __init__(self, world, name, *options, jobs=2, wrap=()):
        self.folder = world / name
        self.folder.mkdir(exist_ok=True)
        self.log = self.folder / "log"
        self.argv = [*wrap, GG_WORKER, "--name", name, "--jobs", str(jobs), "--cache", str(self.folder / "cache"), *options]
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.argv, env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)} | SECRETS,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True)

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

    def ready(self, worker):
        self.wait_until(lambda: worker.url or worker.process.poll() is not None, "the worker's first line")
        self.assertTrue(worker.url, worker.said)

    def at(self, *workers):
        """The options that say where thunks are executed: at Workers or URLs."""
        urls = [worker if isinstance(worker, str) else worker.url for worker in workers]
        return ["--engine", ",".join(urls), *self.shared()]
