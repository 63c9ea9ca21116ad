"""Killed at any point, with a fault at any change to a file, on a full disk, under gc, with a clock that goes back: the
next run goes on, loses nothing that had finished, runs nothing of it again and leaves nothing behind.

Environment: GG_KILLS is how many runs are killed at random points, GG_FAULTS how many faults are injected (`all`: one at
each change of a run; `500-`, `302-302`: at those from here to there); GG_SEED chooses the random points, 0 other ones
each time. GG_FAULTS_LIBRARY is tests/faults, built.
"""
import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import unittest

from ggtest import GG, Case, private_temporaries, skip

LIBRARY = os.path.abspath(os.environ["GG_FAULTS_LIBRARY"]) if "GG_FAULTS_LIBRARY" in os.environ else ""
KILLS = int(os.environ.get("GG_KILLS", "16"))
FAULTS = os.environ.get("GG_FAULTS", "6")
SEED = int(os.environ.get("GG_SEED", "1")) or random.SystemRandom().randrange(1, 1 << 32)
MAKE = ["make", "-j3"]
WIDTH = 12
STORIES_A_CHECK = 16  # gg fsck reads the whole toolchain: longer than the run it follows


def fan_out(salt):
    """A chain and a fan-out of cheap commands, with a compile that has a depfile, copies, a link to a placeholder and a
    native command that reads; `salt` makes every thunk of it new."""
    parts = [f"part{i}" for i in range(WIDTH)]
    objects = " ".join(f"{part}.o" for part in parts)
    rules = [f"all: app sub/app.copy app.link sum\n",
             "%.o: %.s\n\tas -o $@ $<\n",
             "main.o: main.c\n\tcc -MMD -c -o $@ $<\n",
             f"first.a: {objects}\n\tar rcs $@ $^\n",
             "chain0.o: part0.o\n\tld -r -o $@ $^\n",
             *(f"chain{i}.o: chain{i - 1}.o part{i}.o\n\tld -r -o $@ $^\n" for i in range(1, WIDTH)),
             f"app: main.o chain{WIDTH - 1}.o\n\tld -r -o $@ $^\n",
             "sub/app.copy: app\n\tmkdir -p sub\n\tcp app $@\n",
             "app.link: app\n\tln -f app $@\n",
             # Not `>$@`: what a killed shell leaves of that, make takes for done; so it does without gg.
             "sum: first.a app\n\tcksum first.a app >$@.new && mv $@.new $@\n"]
    sources = {f"{part}.s": f"\t.globl {part}\n{part}:\n\t.quad {salt}, {i}\n" for i, part in enumerate(parts)}
    return {"Makefile": "".join(rules), "main.h": f"#define SALT {salt}\n",
            "main.c": '#include "main.h"\nint salt = SALT;\n', **sources}


def few(salt):
    """The same on a small scale, for a fault at each change."""
    return {"Makefile": "all: app copy\n%.o: %.s\n\tas -o $@ $<\nmain.o: main.c\n\tcc -MMD -c -o $@ $<\n"
                        "app: main.o a.o\n\tld -r -o $@ $^\ncopy: app\n\tcp app $@\n",
            "a.s": f"\t.quad {salt}\n", "main.c": f"int salt = {salt};\n"}


class Crash(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        private_temporaries([GG, *([LIBRARY] if LIBRARY else [])])
        print(f"seed {SEED}", file=sys.stderr)

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.salts = itertools.count(self.random.randrange(1 << 30))
        self.before = self.temporaries()
        self.unchecked = []

    def tearDown(self):
        if self.unchecked:
            self.sound()
        super().tearDown()

    # -- what is there

    def temporaries(self):
        """Of this machine, as this test sees it."""
        return {os.path.join(folder, name) for folder in ("/tmp", "/dev/shm") for name in os.listdir(folder)}

    def left_behind(self, tree=None, store=None):
        """What no gg that has ended should leave."""
        found = sorted(self.temporaries() - self.before)
        for folder, _, names in os.walk(tree or self.tree):
            found += [os.path.join(folder, name) for name in names if name.startswith(".gg-")]
        store = store or self.store
        expected = {"VERSION", "objects", "exec", "tmp", "quarantine", "records.sqlite", "records.sqlite-wal",
                    "records.sqlite-shm", "records.lock", "gc.lock", "runs", "sessions", "layouts", "path", "packs",
                    "durations"}
        found += [str(store / name) for name in os.listdir(store) if name not in expected]
        for folder in ("tmp", "sessions", "sessions/sessions", "layouts", "quarantine"):
            if (store / folder).is_dir():
                found += [str(store / folder / name) for name in os.listdir(store / folder)
                          if name not in ("probed", "sessions", "placeholders")]
        return found

    def journals(self, store=None):
        runs = (store or self.store) / "runs"
        return {path for path in runs.glob("*.jsonl")} if runs.is_dir() else set()

    def lines(self, journals):
        found = []
        for journal in journals:
            for line in journal.read_bytes().split(b"\n")[:-1]:  # the last may be torn
                found.append(json.loads(line))
        return found

    def finished(self, journals):
        return {line["thunk"] for line in self.lines(journals)
                if line["type"] == "finish" and line["outcome"] in ("ran", "hit")}

    def executed(self, journals):
        return {line["thunk"] for line in self.lines(journals) if line["type"] == "attempt"}

    # -- the story

    def plainly(self, files):
        self.fresh(files)
        self.plain(MAKE)
        expected = self.snapshot()
        self.fresh(files)
        return expected

    def sound(self):
        unchecked, self.unchecked = self.unchecked, []
        run = self.gg("fsck", cwd=self.world)
        self.assertEqual(run.status, 0, f"after one of {unchecked}\n{run}")

    def sound_by_and_by(self, what):
        """What is wrong with the store stays wrong, so that one check serves several stories."""
        self.unchecked.append(what)
        if len(self.unchecked) == STORIES_A_CHECK:
            self.sound()

    def goes_on(self, expected, finished, what, *options):
        """The next run after one that died or failed."""
        before = self.journals()
        run = self.under_gg(MAKE, options)
        self.assert_same(expected, self.snapshot(), f"{what}\n{run}")
        self.assertEqual(self.executed(self.journals() - before) & finished, set(), f"executed again: {what}")
        self.assertEqual(self.left_behind(), [], what)
        self.sound_by_and_by(what)

    def warm(self):
        """What every run shares is in the store; returns how long a run with nothing else in it takes."""
        self.fresh(fan_out(next(self.salts)))
        self.under_gg(MAKE)
        self.fresh(fan_out(next(self.salts)))
        return self.under_gg(MAKE).seconds

    def killed(self, process):
        process.kill()
        process.communicate()
        self.assertEqual(self.reap(seconds=20), [], "outlived gg")


class Killed(Crash):
    def test_a_run_killed_at_random_goes_on(self):
        seconds = self.warm()
        for turn in range(KILLS):
            files = fan_out(next(self.salts))
            expected = self.plainly(files)
            moment = self.random.uniform(0, seconds * 1.1)
            before = self.journals()
            process = self.start([GG, "run", "--", *MAKE])
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                pass
            self.killed(process)
            finished = self.finished(self.journals() - before)
            self.goes_on(expected, finished, f"kill {turn} after {moment:.3f} s of {seconds:.3f}, seed {SEED}")

    def test_a_forced_graph_killed_at_random_goes_on(self):
        for turn in range(max(1, KILLS // 4)):
            files = fan_out(next(self.salts))
            expected = self.plainly(files)
            self.ok(self.gg("infer", "--", *MAKE))
            process = self.start([GG, "force", "--all"])
            moment = self.random.uniform(0, 0.4)
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                pass
            self.killed(process)
            self.ok(self.gg("force", "--all"))
            what = f"kill {turn} after {moment:.3f} s, seed {SEED}"
            self.assert_same(expected, self.snapshot(), what)
            self.assertEqual(self.left_behind(), [], what)
            self.sound_by_and_by(what)


class Faults(Crash):
    """A fault at each change to a file: below the store, the project, /tmp and /dev/shm."""

    def setUp(self):
        super().setUp()
        if not LIBRARY:
            skip(self, "set GG_FAULTS_LIBRARY to the library of tests/faults")
        self.log = self.world / "changes"

    def with_fault(self, what, at, words=("run", "--", *MAKE), under="/tmp:/dev/shm", **options):
        self.log.unlink(missing_ok=True)
        return self.run_command([GG, *words], env={
            "LD_PRELOAD": LIBRARY, "GG_FAULT": what, "GG_FAULT_AT": str(at), "GG_FAULT_UNDER": str(under),
            "GG_FAULT_LOG": str(self.log)}, **options)

    def changes(self):
        """Of the run before: (number, call, path) each."""
        return [(int(number), *rest) for number, *rest in
                (line.split(" ", 2) for line in self.log.read_text().splitlines())]

    def change(self, number):
        changes = self.log.read_text().splitlines() if self.log.exists() else []
        return next((line for line in changes if line.startswith(f"{number} ")), f"{number} not reached")

    def points(self):
        """Numbers of changes: all that a run makes, or a sample."""
        self.fresh(few(next(self.salts)))
        self.ok(self.with_fault("count", 0))
        total = len(self.log.read_text().splitlines())
        self.assertGreater(total, 100)
        every = range(1, total + 1)
        if FAULTS == "all":
            return every
        if "-" in FAULTS:
            first, last = FAULTS.split("-")
            return every[int(first) - 1:int(last or total)]
        return sorted(self.random.sample(every, min(int(FAULTS), total)))

    def assert_no_defect(self, run, what):
        self.assertNotIn(b"defect of gg", run.err, f"{what}\n{run}")
        self.assertIn(run.status, range(0, 128), f"{what}\n{run}")
        if run.status != 0:
            self.assertIn(b"gg: ", run.err, f"{what}\n{run}")

    def each(self, what):
        self.warm()
        for at in self.points():
            self.before = self.temporaries()  # one leaves something: that is not told of the next ones, too
            files = few(next(self.salts))
            expected = self.plainly(files)
            before = self.journals()
            run = self.with_fault(what, at)
            self.assertEqual(self.reap(seconds=20), [], "outlived gg")
            story = f"{what} at {self.change(at)}, seed {SEED}"
            with self.subTest(story):
                if what == "kill":
                    self.assertIn(run.status, (-signal.SIGKILL, 0), str(run))
                else:
                    self.assert_no_defect(run, story)
                    if run.status == 0:
                        self.assert_same(expected, self.snapshot(), f"{story}\n{run}")
                self.goes_on(expected, self.finished(self.journals() - before), story)

    def test_what_a_loss_of_power_takes_back_is_synced_once_before_the_first_placeholder(self):
        self.fresh(few(next(self.salts)))
        for placeholders in (True, False):  # the second time there is nothing to do
            self.ok(self.with_fault("count", 0))
            changes = [line.split(" ", 2)[1:] for line in self.log.read_text().splitlines()]
            first = next((at for at, (_, path) in enumerate(changes) if path == str(self.tree / "main.o")), len(changes))
            state = [path for at, (call, path) in enumerate(changes) if call == "fsync" and at < first]
            later = [path for at, (call, path) in enumerate(changes) if call == "fsync" and at > first]
            kinds = {"numbers": sum(path.endswith("/placeholders") for path in state),
                     "journal": sum(path.endswith(".journal") for path in state),
                     "its name": sum(path.endswith("/sessions/sessions") for path in state)}
            self.assertEqual(kinds, dict.fromkeys(kinds, int(placeholders)), state)
            self.assertEqual([path for path in later if path.endswith((".journal", "/placeholders"))], [])

    def test_a_temporary_beside_a_file_put_in_place_goes_also_when_its_first_removal_fails(self):
        self.warm()
        files = few(next(self.salts))
        self.fresh(files)
        self.ok(self.with_fault("count", 0, under=self.tree))
        removals = [at for at, *change in self.changes() if self.removes_temporary(*change)]
        failed = 0
        for at in removals:
            self.fresh(files)
            self.environment["XDG_CACHE_HOME"] = str(self.world / f"store{at}")
            run = self.with_fault(str(errno.EIO), at, under=self.tree)
            # In another order it may have been another change.
            if any(number == at and self.removes_temporary(*change) for number, *change in self.changes()):
                failed += 1
                left = [path for path in self.snapshot() if os.path.basename(path).startswith(b".gg-")]
                self.assertEqual(left, [], f"{self.change(at)}\n{run}")
        self.assertGreater(failed, 0)

    @staticmethod
    def removes_temporary(call, path):
        return call == "unlink" and os.path.basename(path).startswith(".gg-")

    def test_a_force_killed_when_all_was_in_place_leaves_nothing_to_the_next_which_has_nothing_to_do(self):
        self.warm()

        def placeholders():
            expected = self.plainly(few(next(self.salts)))
            self.ok(self.gg("infer", "--", *MAKE))
            return expected

        force = ("force", "--all")
        placeholders()
        self.ok(self.with_fault("count", 0, force))
        last = len(self.changes())
        left = 0
        for at in range(last - 120, last, 20):  # the last output is in place some 170 changes before the end
            expected = placeholders()
            run = self.with_fault("kill", at, force)
            self.assertEqual(self.reap(seconds=20), [], "outlived gg")
            left += self.left_behind() != []
            self.assert_same(expected, self.snapshot(), f"{run}")
            self.ok(self.gg(*force))
            self.assertEqual(self.left_behind(), [], f"kill at {self.change(at)}")
        self.assertGreater(left, 0, "no kill came between the last output and the end")

    def test_killed_at_any_change_it_goes_on(self):
        self.each("kill")

    def test_an_input_output_error_at_any_change_is_said_or_does_no_harm(self):
        self.each(str(errno.EIO))

    def test_a_disk_full_from_any_change_on_is_said_or_does_no_harm(self):
        self.each(f"from {errno.ENOSPC}")

    def test_disks_that_turn_read_only_at_any_change_are_said_or_do_no_harm(self):
        self.each(f"from {errno.EROFS}")


class Around(Crash):
    """What happens to the store from outside, while gg runs or before."""

    def store_at(self, folder):
        self.environment["XDG_CACHE_HOME"] = str(folder)
        self.store = folder / "gg"

    def mount(self, folder, *words):
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", *words, folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)

    def test_a_disk_that_fills_up_is_said_and_with_room_again_it_goes_on(self):
        for megabytes in (1, 2, 4, 8, 16):
            with self.subTest(megabytes=megabytes):
                small = self.world / f"small{megabytes}"
                self.mount(small, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "small")
                self.store_at(small)
                expected = self.plainly(fan_out(next(self.salts)))
                run = self.gg("run", "--", *MAKE)
                self.assertIn(run.status, range(0, 128), str(run))
                self.assertNotIn(b"defect of gg", run.err)
                if run.status == 0:  # what could not be kept ran natively
                    self.assert_same(expected, self.snapshot(), str(run))
                else:
                    self.assertRegex(run.err, b"No space left on device|disk is full", str(run))
                self.assert_no_placeholders()
                subprocess.run(["mount", "-o", "remount,size=1g", small], check=True)
                self.goes_on(expected, self.finished(self.journals()) if run.status == 0 else set(), f"{megabytes} MB")
                self.sound()  # of this store, of which it is the last

    def test_a_read_only_store_is_said_and_left_as_it_is(self):
        files = fan_out(next(self.salts))
        expected = self.plainly(files)
        self.under_gg(MAKE)
        finished = self.finished(self.journals())
        self.mount(self.store, "--bind", self.store)
        subprocess.run(["mount", "-o", "remount,bind,ro", self.store], check=True)
        held = self.snapshot(self.store)
        self.fresh(fan_out(next(self.salts)))
        untouched = self.snapshot()
        for words in (("run", "--", *MAKE), ("infer", "--", *MAKE), ("gc", "--size", "0"), ("fsck",)):
            run = self.gg(*words)
            self.assertEqual(run.status, 3, str(run))
            self.assertRegex(run.err, b"[Rr]ead-only file system", str(run))
            self.assertIn(str(self.store).encode(), run.err, str(run))
        self.assertEqual(self.snapshot(), untouched)
        self.assertEqual(self.snapshot(self.store), held)
        subprocess.run(["mount", "-o", "remount,bind,rw", self.store], check=True)
        self.fresh(files)
        self.goes_on(expected, finished, "writable again")

    def test_a_store_on_another_file_system_goes_on_after_a_kill(self):
        elsewhere = self.world / "elsewhere"
        self.mount(elsewhere, "-t", "tmpfs", "-o", "mode=755", "elsewhere")
        self.store_at(elsewhere)
        seconds = self.warm()
        expected = self.plainly(fan_out(next(self.salts)))
        before = self.journals()
        process = self.start([GG, "run", "--", *MAKE])
        try:
            process.wait(seconds / 2)
        except subprocess.TimeoutExpired:
            pass
        self.killed(process)
        self.goes_on(expected, self.finished(self.journals() - before), "another file system")

    def test_of_two_coordinators_on_one_store_either_may_die(self):
        seconds = self.warm()
        files = fan_out(next(self.salts))
        expected = self.plainly(files)
        other = self.world / "other"
        self.write(files, other)
        before = self.journals()
        survivor = self.start([GG, "run", "--", *MAKE], cwd=other)
        victim = self.start([GG, "run", "--", *MAKE])
        try:
            victim.wait(self.random.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            pass
        victim.kill()
        victim.communicate()
        _, err = survivor.communicate(timeout=120)
        self.assertEqual(survivor.returncode, 0, err)
        self.assertEqual(self.reap(seconds=20), [], "outlived gg")
        self.assert_same(expected, self.snapshot(other))
        self.goes_on(expected, self.finished(self.journals() - before), "two coordinators")

    def test_gc_during_a_run_takes_nothing_that_it_needs(self):
        self.warm()
        expected = self.plainly(fan_out(next(self.salts)))
        run = self.start([GG, "run", "--", *MAKE])
        collections = 0
        while run.poll() is None:
            self.ok(self.gg("gc", "--size", "0", cwd=self.world))
            collections += 1
        out, err = run.communicate()
        self.assertEqual(run.returncode, 0, err)
        self.assertGreater(collections, 0)
        self.assert_same(expected, self.snapshot())
        self.goes_on(expected, set(), "after gc")

    def test_a_clock_that_goes_back_loses_nothing(self):
        if not LIBRARY:
            skip(self, "set GG_FAULTS_LIBRARY to the library of tests/faults")
        self.warm()
        for at in (1, self.random.randrange(100, 600)):
            expected = self.plainly(fan_out(next(self.salts)))
            before = self.journals()
            self.ok(self.run_command([GG, "run", "--", *MAKE], env={
                "LD_PRELOAD": LIBRARY, "GG_FAULT": "back 90000", "GG_FAULT_AT": str(at), "GG_FAULT_UNDER": "/tmp"}))
            self.assert_same(expected, self.snapshot())
            journal = (self.journals() - before).pop()
            self.assertEqual(self.stats()["run"], journal.stem, "the latest run is the one that was begun last")
            self.fresh(fan_out(next(self.salts)))
            self.under_gg(MAKE)  # something new, so that what is put has other times
            self.ok(self.gg("gc", "--size", "1G", cwd=self.world))
            self.assertEqual(self.left_behind(), [])
            self.sound()


if __name__ == "__main__":
    unittest.main(verbosity=2)
