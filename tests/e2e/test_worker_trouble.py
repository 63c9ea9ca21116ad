"""Right ends when workers, the bucket or the network between fail."""
import http.server
import os
import random
import signal
import subprocess
import threading
import unittest

from ggtest import CALCULATOR, ENDLESS, ENDLESS_FLAGS, GG, skip
from servers import MAKE, Relay, free_port
from workers import WorkerCase

# A compile that takes a while and is the same each time.
SLOW = {"Makefile": "all: slow.o a.o b.o c.o\n%.o: %.cc\n\t$(CXX) -std=c++17 -fconstexpr-ops-limit=4000000000 -fconstexpr-loop-limit=2000000000 -c -o $@ $<\n",
        "slow.cc": "constexpr int spin() { unsigned s = 1; for (int i = 0; i < 1500000; ++i) s = s * 3 + 1; return int(s); }\n"
                   "constexpr int answer = spin();\nint get() { return answer; }\n",
        "a.cc": "int a;\n", "b.cc": "int b;\n", "c.cc": "int c;\n"}


class Dying(WorkerCase):
    def compilers(self, worker=None):
        """Those that run below it, or anywhere."""
        found = subprocess.run(["pgrep", "-x", "cc1plus"], capture_output=True, text=True).stdout.split()
        return [pid for pid in map(int, found) if worker is None or self.belongs_to(pid, worker.process.pid)]

    @staticmethod
    def is_slow(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return b"slow.cc" in file.read()
        except OSError:
            return False

    @staticmethod
    def belongs_to(pid, ancestor):
        while pid > 1 and pid != ancestor:
            try:
                with open(f"/proc/{pid}/stat") as file:
                    pid = int(file.read().rpartition(") ")[2].split()[1])
            except OSError:
                return False
        return pid == ancestor

    def test_a_worker_that_is_killed_in_mid_run_costs_time_only(self):
        workers = self.worker("one", jobs=1), self.worker("two", jobs=1)
        expected = self.expected(SLOW)
        process = self.start([GG, "run", *self.at(*workers), "--", *MAKE])
        busy = lambda: [worker for worker in workers if any(self.is_slow(pid) for pid in self.compilers(worker))]
        self.wait_until(busy, "the slow compile on one of the workers", process)
        busy()[0].stop(signal.SIGKILL)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, f"{out!r} {err!r}")
        self.assert_same(expected, self.snapshot(), repr(err))
        self.wait_until(lambda: not any(map(self.is_slow, self.compilers())), "the end of the killed worker's compiler")

    def test_where_all_workers_are_gone_the_rest_runs_here(self):
        worker = self.worker("one", jobs=1)
        expected = self.expected()
        process = self.start([GG, "run", *self.at(worker), "--", *MAKE])
        self.wait_until(lambda: any("." in path.name for path in self.server.packs()), "the first result", process)
        worker.stop()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, f"{out!r} {err!r}")
        self.assert_same(expected, self.snapshot(), repr(err))

    def test_ctrl_c_ends_what_runs_on_the_worker(self):
        worker = self.worker("one", jobs=1)
        self.fresh({"Makefile": f"e.o: e.cc\n\t$(CXX) {ENDLESS_FLAGS} -c -o $@ $<\n", "e.cc": ENDLESS})
        process = self.start([GG, "run", *self.at(worker), "--", *MAKE])
        self.wait_until(lambda: self.compilers(worker), "the compiler on the worker", process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.wait_until(lambda: not self.compilers(worker), "the end of the compiler")
        self.assert_no_placeholders()


class OnTheWay(WorkerCase):
    def relayed(self, worker, trouble):
        relay = Relay(worker.port, trouble)
        self.addCleanup(relay.close)
        return f"http://127.0.0.1:{relay.port}"

    def test_damaged_answers_are_refused(self):
        worker = self.worker()
        expected = self.expected()
        damaged = []

        def trouble(direction, so_far, chunk):
            if direction == "down" and len(chunk) > 600 and len(damaged) < 6:
                damaged.append(len(chunk))
                middle = len(chunk) // 2
                chunk = chunk[:middle] + bytes(byte ^ 0x55 for byte in chunk[middle:middle + 8]) + chunk[middle + 8:]
            return chunk

        run = self.under_gg(MAKE, self.at(self.relayed(worker, trouble)))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertGreater(len(damaged), 0, "the relay had no occasion to damage anything")

    def test_answers_that_are_cut_off_are_asked_for_again(self):
        worker = self.worker()
        expected = self.expected()
        cuts = []

        def trouble(direction, so_far, chunk):
            if direction == "down" and len(chunk) > 600 and len(cuts) < 5:
                cuts.append(len(chunk))
                return None
            return chunk

        run = self.under_gg(MAKE, self.at(self.relayed(worker, trouble)))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertGreater(len(cuts), 0, "the relay had no occasion to cut")

    def test_a_silent_worker_is_given_up(self):
        loud, silent = self.worker("loud"), self.worker("silent")
        expected = self.expected()
        quiet = []

        def trouble(direction, so_far, chunk):
            if direction == "up" and b"POST /gg/v1/invoke" in chunk:
                quiet.append(len(chunk))
            return b"" if quiet else chunk  # what goes in is swallowed, and nothing comes out

        run = self.under_gg(MAKE, self.at(loud, self.relayed(silent, trouble)))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertTrue(quiet, "nobody asked it")
        self.assertNotIn("silent", self.stats()["workers"])

    def test_inputs_that_the_bucket_has_lost_are_sent_again(self):
        worker = self.worker()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.at(worker))
        self.server.empty()
        worker.forget()
        self.ready(worker)
        options = ["CFLAGS=-O0 -g -Iinclude -I../include"]
        self.fresh(CALCULATOR)
        self.plain([*MAKE, *options])
        expected = self.snapshot()
        self.fresh(CALCULATOR)
        run = self.under_gg([*MAKE, *options], self.at(worker))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertGreater(self.stats()["workers"].get("one", 0), 5)


class Wrong(WorkerCase):
    """What is told before the build."""

    def refused(self, options, *said):
        self.fresh(CALCULATOR)
        run = self.gg("run", *options, "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        for words in said:
            self.assertIn(words, run.err, str(run))
        self.assertFalse((self.tree / "src/main.o").exists())

    def test_an_address_where_nobody_is(self):
        self.refused(self.at(f"http://127.0.0.1:{free_port()}"), b"is gg-worker running there")

    def test_a_server_that_is_no_worker(self):
        self.refused(self.at(self.server.endpoint), b"is no gg worker")

    def test_an_http_server_that_says_yes_to_all(self):
        class Yes(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<html>welcome</html>")

            def log_message(self, *words):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Yes)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.refused(self.at(f"http://127.0.0.1:{server.server_port}"), b"is no gg worker")

    def test_a_port_at_which_another_worker_listens(self):
        first = self.worker("one")
        run = self.run_command([os.environ["GG_WORKER"], "--listen", f"127.0.0.1:{first.port}", "--cache", self.world / "two"], self.world)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(f"cannot listen on 127.0.0.1:{first.port}".encode(), run.err)

    def test_what_would_be_seen_by_all(self):
        self.refused(self.at("http://build.example:8970"), b"has to be https://")

    def test_workers_without_a_bucket(self):
        self.refused(["--engine", "http://127.0.0.1:1"], b"--store s3://")

    def test_a_bucket_that_may_not_be_written_to(self):
        self.refused([*self.at("http://127.0.0.1:1"), "--cache=read"], b"--cache=off")


class FullDisk(WorkerCase):
    def test_a_cache_whose_disk_is_full_is_emptied_and_the_thunk_tried_again(self):
        if os.getuid() != 0:
            skip(self, "mounting a small disk takes root")
        disk = self.world / "one"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "small", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        worker = self.worker("one", jobs=1)
        self.tree.mkdir()
        for number in range(3):
            (self.tree / "blob").write_bytes(random.Random(number).randbytes(60_000_000))
            thunk = self.ok(self.gg("thunk", "create", "--program", "/usr/bin/tail", "--program", "/bin/sh", "--input", "blob", "--cwd",
                                    self.tree, "--output", "end", "--", "/bin/sh", "-c", "/usr/bin/tail -c 100 blob > end"))
            self.ok(self.gg("force", *self.at(worker), "-o", "end", f"promise:{thunk.out.decode().strip()}:end"))
            self.assertEqual((self.tree / "end").read_bytes(), (self.tree / "blob").read_bytes()[-100:])
            self.assertEqual(self.stats()["workers"], {"one": 1}, "it did not fall back to this machine")
            (self.tree / "end").unlink()


if __name__ == "__main__":
    unittest.main(verbosity=2)
