"""Stopped at any moment, gg leaves nothing running and no placeholder; the next run goes on."""
import os
import pathlib
import signal
import subprocess
import unittest

from ggtest import CALCULATOR, ENDLESS, ENDLESS_FLAGS, GG, Case

FILES = {"Makefile": f"all: quick.o endless.o app\nquick.o: quick.c\n\tcc -c quick.c\n"
                     f"endless.o: endless.cc\n\tg++ {ENDLESS_FLAGS} -c endless.cc\n"
                     f"app: quick.o endless.o\n\tcc -o app quick.o endless.o\n",
         "quick.c": "int main(void) { return 0; }\n", "endless.cc": ENDLESS}
MENDED = "bool answer;\n"


class Interrupt(Case):
    def start_endless(self):
        self.fresh(FILES)
        process = self.start([GG, "run", "--", "make"])
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        # The link's placeholder: make has got through, and the endless compile is what everything waits for.
        self.wait_until((self.tree / "app").exists, "the placeholder of app", process)
        self.wait_until(lambda: self.is_real(self.tree / "quick.o"), "quick.o", process)
        return process

    def is_real(self, path):
        try:
            return path.read_bytes()[:4] == b"\x7fELF"
        except FileNotFoundError:
            return False

    def finish(self, process, seconds=20):
        try:
            return process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.fail(f"does not end within {seconds} s of the signal")

    def assert_clean(self):
        self.assert_no_placeholders()
        self.assertFalse((self.tree / "endless.o").exists())
        self.assertFalse((self.tree / "app").exists())

    def assert_goes_on(self):
        (self.tree / "endless.cc").write_text(MENDED)
        self.under_gg(["make"])
        self.plain([self.tree / "app"])
        self.assert_no_placeholders()

    def test_what_a_build_leaves_running_may_clear_up_before_it_is_killed(self):
        self.fresh({"Makefile": "all:\n\t(trap 'rm held; exit' TERM; touch held; while :; do sleep 0.02; done) & "
                                "while [ ! -e held ]; do :; done\n"})
        self.under_gg(["make"])
        self.assertFalse((self.tree / "held").exists())

    def test_what_is_started_while_a_build_is_asked_to_end_is_asked_as_well(self):
        self.fresh({"Makefile": "all:\n\tsh spawner & while [ ! -e begun ]; do :; done\n",
                    "spawner": "for one in $(seq 300); do sh compiler & : >begun; done; wait\n",
                    "compiler": "trap 'rm held.$$; exit' TERM; : >held.$$; while :; do sleep 0.02; done\n"})
        self.under_gg(["make"])
        self.assertEqual([name for name in os.listdir(self.tree) if name.startswith("held")], [])

    def test_ctrl_c_leaves_nothing_running_and_no_placeholder(self):
        process = self.start_endless()
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does: gg and all of the build
        _, err = self.finish(process)
        self.assertEqual(self.alive(), [], "still running when gg had ended")
        self.assertEqual(process.returncode, 130, err)
        self.assert_clean()
        self.assertTrue(self.is_real(self.tree / "quick.o"), "what was finished stays")

    def test_an_interrupt_of_gg_alone_stops_the_build(self):
        process = self.start_endless()
        process.send_signal(signal.SIGINT)
        self.finish(process)
        self.assertEqual(self.alive(), [])
        self.assertEqual(process.returncode, 130)
        self.assert_clean()

    def test_sigterm_stops_it_as_well(self):
        process = self.start_endless()
        process.terminate()
        self.finish(process)
        self.assertEqual(self.alive(), [])
        self.assertEqual(process.returncode, 143)
        self.assert_clean()

    def test_a_lost_bet_stops_ninja_whose_status_for_a_signal_is_not_told(self):
        # ninja ends with 2 of its own when it is interrupted, and with 1 when a command fails.
        self.fresh({"build.ninja": "rule cc\n  command = cc -c $in -o $out\nrule wait\n  command = tail -f /dev/null\n"
                                   "build bad.o: cc bad.c\nbuild waited: wait | bad.o\ndefault waited\n",
                    "bad.c": "int f(void) { return }\n"})
        run = self.failing(["ninja"])
        self.assertEqual(run.status, 1, str(run))
        self.assertIn(b"bad.c:1:", run.err)
        self.write({"Makefile": "waited: bad.o\n\ttail -f /dev/null\nbad.o:\n\tcc -c bad.c\n"})
        self.assertEqual(self.failing(["sh", "-c", "make"]).status, 2)
        self.assertEqual(self.alive(), [])
        self.assertFalse((self.tree / "bad.o").exists())

    def test_an_interrupted_ninja_ends_gg_as_the_signal_does(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                self.fresh({"build.ninja": "rule wait\n  command = touch begun; tail -f /dev/null\nbuild waited: wait\n"})
                process = self.start([GG, "run", "--", "ninja"])
                self.addCleanup(process.stdout.close)
                self.addCleanup(process.stderr.close)
                self.wait_until((self.tree / "begun").exists, "begun", process)
                process.send_signal(number)
                self.finish(process)
                self.assertEqual(process.returncode, status)
                self.assertEqual(self.alive(), [])

    def test_after_ctrl_c_a_plain_make_builds_it(self):
        process = self.start_endless()
        os.killpg(process.pid, signal.SIGINT)
        self.finish(process)
        (self.tree / "endless.cc").write_text(MENDED)
        self.plain(["make"])
        self.plain([self.tree / "app"])

    def test_after_ctrl_c_the_next_run_goes_on_from_the_memos(self):
        process = self.start_endless()
        os.killpg(process.pid, signal.SIGINT)
        self.finish(process)
        (self.tree / "quick.o").unlink()
        (self.tree / "endless.cc").write_text(MENDED)
        self.under_gg(["make"])
        self.assertEqual(self.stats()["hits"], 1, self.stats())  # quick.o
        self.plain([self.tree / "app"])

    def processes(self, program, word):
        """Pids of what runs that program with that word on its command line, wherever it runs."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.path.basename(words[0]) == program.encode() and word.encode() in words:
                found.append(int(entry.name))
        return found

    def held(self, process, program, word):
        """The one process that runs that, stopped in mid-work."""
        self.wait_until(lambda: self.processes(program, word), program, process)
        (pid,) = self.processes(program, word)
        os.kill(pid, signal.SIGSTOP)
        return pid

    def drain(self, process):
        process.send_signal(signal.SIGUSR1)
        journal = self.store / "runs/latest"
        self.wait_until(lambda: journal.exists() and b'"drained"' in journal.read_bytes(), "the drain", process)

    def start_slow(self):
        """Three commands of which one is at work, and held; the others wait for its slot."""
        slow = ENDLESS.replace("i < 2000000000", "i < 600").replace("j < 2000000000", "j < 1000")
        self.fresh({"Makefile": f"all: slow.o other.o app\nslow.o: slow.cc\n\tg++ {ENDLESS_FLAGS} -c slow.cc\n"
                                "other.o: other.c\n\tcc -c other.c\napp: slow.o other.o\n\tcc -o app slow.o other.o\n",
                    "slow.cc": slow, "other.c": "int main(void) { return 0; }\n"})
        process = self.start([GG, "run", "-j1", "--", "make"])
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        compiler = self.held(process, "cc1plus", "slow.cc")
        self.wait_until((self.tree / "app").exists, "the placeholder of app", process)
        return process, compiler

    def test_a_drained_run_ends_what_runs_puts_it_in_place_and_says_what_is_left(self):
        process, compiler = self.start_slow()
        self.drain(process)
        os.kill(compiler, signal.SIGCONT)
        _, err = self.finish(process, seconds=60)  # it has something to do yet
        self.assertEqual(process.returncode, 128 + signal.SIGUSR1, err)
        self.assertIn(b"gg: the run is drained (SIGUSR1): 2 thunks are left; the same command goes on from here", err)
        self.assertNotIn(b"failed:", err)
        self.assertTrue(self.is_real(self.tree / "slow.o"))
        self.assertFalse((self.tree / "other.o").exists())
        self.assertFalse((self.tree / "app").exists())
        self.assert_no_placeholders()
        self.assertEqual(self.alive(), [])
        self.under_gg(["make"])
        self.assertEqual(self.stats()["thunks"], 2, "slow.o is not made again")
        self.plain([self.tree / "app"])

    def test_a_run_that_is_being_drained_can_be_stopped(self):
        process, compiler = self.start_slow()
        self.drain(process)
        process.send_signal(signal.SIGINT)
        _, err = self.finish(process)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(self.alive(), [])
        self.assertFalse((self.tree / "slow.o").exists())
        self.assert_no_placeholders()

    def test_a_drained_force_makes_real_what_runs_and_goes_on_another_time(self):
        self.tree.mkdir()
        words = ["--program", "/bin/sh", "--output", "out", "--", "/bin/sh", "-c"]
        thunks = [self.ok(self.gg("thunk", "create", *words, f"i=0; while [ $i -lt 2000000 ]; do i=$((i+1)); done; echo {name} > out",
                                  "sh", name)).out.decode().strip() for name in ("drain-one", "drain-two")]
        promises = [f"promise:{thunk}:out" for thunk in thunks]
        process = self.start([GG, "force", "-j1", *promises])
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.wait_until(lambda: self.processes("sh", "drain-one") + self.processes("sh", "drain-two"), "a thunk", process)
        (runs,) = self.processes("sh", "drain-one") + self.processes("sh", "drain-two")
        os.kill(runs, signal.SIGSTOP)
        self.drain(process)
        os.kill(runs, signal.SIGCONT)
        out, err = self.finish(process, seconds=60)
        self.assertEqual(process.returncode, 128 + signal.SIGUSR1, err)
        self.assertEqual(out.count(b"file:"), 1, out)
        self.assertIn(b"1 of 2 are left", err)
        self.assertEqual(self.ok(self.gg("force", *promises)).out.count(b"file:"), 2)
        self.assertEqual(self.stats()["executions"], 1, self.stats())

    def test_a_native_command_is_stopped_too(self):
        self.fresh({"Makefile": "all:\n\ttouch begun\n\ttail -f /dev/null\n"})
        process = self.start([GG, "run", "--", "make"])
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.wait_until((self.tree / "begun").exists, "begun", process)
        os.killpg(process.pid, signal.SIGINT)
        self.finish(process)
        self.assertEqual(self.alive(), [])

    def test_a_killed_gg_takes_everything_with_it(self):
        process = self.start_endless()
        process.kill()
        self.finish(process)
        self.assertEqual(self.reap(seconds=10), [], "outlived gg")

    def test_the_next_start_after_a_kill_removes_the_placeholders_and_the_folder_of_the_session(self):
        process = self.start_endless()
        journals = [path for path in (self.store / "sessions").rglob("*") if path.is_file()]
        folders = [name for journal in journals for name in journal.read_bytes().split(b"\0") if name.endswith(b"/")]
        process.kill()
        self.finish(process)
        self.reap(seconds=10)
        self.assertEqual([os.path.isdir(folder) for folder in folders], [True], folders)
        self.under_gg(["true"])
        self.assert_clean()
        self.assertEqual([folder for folder in folders if os.path.exists(folder)], [])

    def test_the_next_build_after_a_kill_goes_on(self):
        process = self.start_endless()
        process.kill()
        self.finish(process)
        self.reap(seconds=10)
        self.assert_goes_on()

    def test_a_killed_build_is_said_and_leaves_no_placeholder(self):
        self.fresh({"Makefile": "all: a.o\n\tkill -9 $$PPID\na.o: a.c\n\tcc -c a.c\n", "a.c": "int a;\n"})
        run = self.gg("run", "--", "make")
        self.assertEqual(run.status, 137, str(run))
        self.assert_no_placeholders()

    def test_two_builds_at_once_share_a_store(self):
        self.fresh(CALCULATOR)
        other = self.world / "other"
        self.write(CALCULATOR, other)
        both = [self.start([GG, "run", "--", "make", "-j2"], cwd=cwd) for cwd in (self.tree, other)]
        for process in both:
            out, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, (out, err))
        self.assert_nothing_to_do(["make"])
        self.assertEqual(self.plain([other / "calculator", "2+2"]).out, b"4\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
