"""BuildGrid for tests: a front with a scheduler and a queue in PostgreSQL, and one worker that executes in bubblewrap. What
tools/install-buildgrid and tools/install-newer-debian fetch, and Debian's postgresql."""
import pathlib

from reapi_server import Casd, Program
from servers import installed

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
WORKER = "worker-of-tests"

CONFIGURATION = """\
description: tests
authorization: {{method: none}}
server:
  - !channel {{address: "127.0.0.1:{port}", insecure-mode: true}}
connections:
  - !sql-connection &database {{connection-string: "{database}"}}
storages:
  - !disk-storage &objects {{path: "{state}/objects"}}
caches:
  - !lru-action-cache &results {{storage: *objects, max-cached-refs: 10000, allow-updates: true, cache-failed-actions: false}}
schedulers:
  - !sql-scheduler &queue
    sql: *database
    action-cache: *results
    storage: *objects
    property-set: !dynamic-property-set {{match-property-keys: [OSFamily], wildcard-property-keys: []}}
    assigners:
      - !priority-age-assigner {{count: 1, interval: 0.1}}
instances:
  - name: ""
    services:
      - !cas {{storage: *objects}}
      - !bytestream {{storage: *objects}}
      - !action-cache {{cache: *results}}
      - !execution {{scheduler: *queue}}
      - !bots {{scheduler: *queue}}
thread-pool-size: 50
"""


class Postgres(Program):
    def __init__(self, folder):
        super().__init__(folder, [])
        if not POSTGRES.is_dir():
            raise AssertionError(f"no {POSTGRES}: tools/install-packages long")
        if self.open([POSTGRES / "initdb", "-D", self.state / "data", "-U", "tests", "-A", "trust", "-N"]).wait() != 0:
            raise AssertionError(f"initdb: {self.said()}")

    @property
    def database(self):
        return f"postgresql+psycopg2://tests@127.0.0.1:{self.port}/postgres"

    def argv(self):
        return [POSTGRES / "postgres", "-D", self.state / "data", "-p", self.port, "-c", "listen_addresses=127.0.0.1",
                "-c", f"unix_socket_directories={self.state}", "-c", "fsync=off"]


class Front(Program):
    executes = False

    def __init__(self, folder, database):
        super().__init__(folder, [])
        modules = installed("install-buildgrid")
        self.bgd = ["/usr/bin/python3", modules / "bin/bgd"]
        self.environment = Program.environment | {"PYTHONPATH": str(modules)}
        self.configuration = self.folder / "configuration.yml"
        self.configuration.write_text(CONFIGURATION.format(port=self.port, database=database, state=self.state))
        if self.open([*self.bgd, "migrate", "apply", database]).wait() != 0:
            raise AssertionError(f"bgd migrate: {self.said()}")

    def argv(self):
        return [*self.bgd, "server", "start", self.configuration]


class Cache(Casd):
    """What a worker's actions have read stays near it."""

    def __init__(self, folder, front):
        super().__init__(folder)
        self.front = front

    def argv(self):
        return [self.programs / "buildbox-casd", f"--bind=127.0.0.1:{self.port}", f"--cas-remote=http://127.0.0.1:{self.front.port}",
                "--log-level=warning", self.state / "cas"]


class Worker(Program):
    def __init__(self, folder, front, cache):
        source = installed("install-newer-debian", "buildbox")
        super().__init__(folder, [source / name for name in ("bin", "lib", "programs")])
        self.front, self.cache = front, cache

    def argv(self):
        return [self.programs / "bin/buildbox-worker", f"--bots-remote=http://127.0.0.1:{self.front.port}",
                f"--cas-remote=http://127.0.0.1:{self.cache.port}", f"--buildbox-run={self.cache.programs}/buildbox-run",
                "--concurrent-jobs=2", "--platform", "OSFamily=linux", "--log-level=warning", WORKER]

    def is_up(self):
        return self.process.poll() is None  # it goes to the front by itself, and listens to nobody


class BuildGrid:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.running = [Postgres(folder / "postgres").start()]
        try:
            self.front = Front(folder / "front", self.running[0].database).start()
            self.running.append(self.front)
            cache = Cache(folder / "cache", self.front).start()
            self.running.append(cache)
            self.running.append(Worker(folder / "worker", self.front, cache).start())
        except BaseException:
            self.stop()
            raise

    @property
    def address(self):
        return self.front.address

    def stop(self):
        while self.running:
            self.running.pop().stop()
