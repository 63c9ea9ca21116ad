"""Builds on functions of the double (functions.py), with a real S3 server for their bucket."""
import os
import pathlib

from aws_signature import Identity
from environments import RealWorkers
from functions import REGION, Function, Service
from s3_server import KEY, SECRET, S3Case
from servers import Relay

GG_WORKER = os.path.abspath(os.environ.get("GG_WORKER", "gg-worker"))


class CloudCase(S3Case):
    def setUp(self):
        super().setUp()
        if not os.access(GG_WORKER, os.X_OK):
            self.fail("set GG_WORKER to the gg-worker binary")
        self.environment["AWS_REGION"] = REGION

    def cloud(self, functions=2, backend=None, **options):
        """A service with functions gg-0, gg-1, …; at most two real workers at once unless it is told otherwise."""
        if isinstance(functions, int):
            functions = [Function(f"gg-{number}") for number in range(functions)]
        service = Service(backend or RealWorkers(GG_WORKER, pathlib.Path(self.world) / "functions"), functions,
                          {KEY: Identity(SECRET)}, **({"concurrency": 2, "cold": 0.02} | options))
        service.start()
        self.addCleanup(service.close)
        return service

    def at(self, service, *more, bucket=None, jobs=2):
        return ["--engine", f"lambda://gg?endpoint={service.url}", "--jobs", str(jobs), *self.shared(bucket), *more]

    def relay(self, trouble):
        relay = Relay(self.server.port, trouble)
        self.addCleanup(relay.close)
        return f"http://127.0.0.1:{relay.port}"
