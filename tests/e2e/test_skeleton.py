"""Workers where there may be no containers, as on AWS Lambda: in a root of links, behind what tests/places refuses them."""
import os
import pathlib
import shutil
import tempfile
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, GG, skip
from s3_server import KEY, SECRET
from servers import MAKE
from workers import HUNT, SECRETS, WorkerCase

# Two translation units, templates, debug information, a depfile each, an archive, a link with a map.
CPP = {
    "Makefile": """\
CXXFLAGS = -O2 -g -std=c++17 -MD
app: main.o libpart.a
\t$(CXX) -o $@ $^ -Wl,-Map,app.map
libpart.a: part.o
\tar rcs $@ $^
""",
    "part.hh": "#pragma once\n#include <string>\nstd::string part(int n);\n",
    "part.cc": "#include \"part.hh\"\n#include <sstream>\nstd::string part(int n) { std::ostringstream s; s << n << __FILE__; return s.str(); }\n",
    "main.cc": "#include \"part.hh\"\n#include <iostream>\n#include <map>\nint main() { std::map<int, std::string> m{{1, part(1)}}; "
               "std::cout << m[1] << __FILE__ << std::endl; }\n",
}
CPP_COMMANDS = 4

class Building(WorkerCase):
    def assert_same_bytes(self, worker, files, argv, commands):
        expected = self.expected(files, argv)
        run = self.under_gg(argv, self.at(worker))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.stats()["workers"], {"one": commands}, str(run))
        return run

    def outside_tmp(self):
        """From now on the project lies where the root has a link, not in /tmp."""
        for place in ("/srv", "/opt", os.path.dirname(GG)):
            if os.access(place, os.W_OK) and not place.startswith(("/tmp/", "/var/")):
                folder = pathlib.Path(tempfile.mkdtemp(prefix="gg-e2e-", dir=place))
                self.addCleanup(shutil.rmtree, folder)
                self.tree = folder / "project"
                return
        skip(self, "no folder outside of /tmp can be written to")

    def test_a_project_in_tmp_comes_out_as_plainly_built(self):
        worker = self.placed()
        self.assertIn("(skeleton, seccomp", worker.said)
        self.assert_same_bytes(worker, CALCULATOR, MAKE, CALCULATOR_COMMANDS)
        self.assertIn(b"worker one (skeleton, seccomp", self.ok(self.gg("log", "--outcome", "attempt")).out)

    def test_a_project_elsewhere_comes_out_as_plainly_built(self):
        self.outside_tmp()
        self.assert_same_bytes(self.placed(), CALCULATOR, MAKE, CALCULATOR_COMMANDS)


    def test_cpp_of_both_compilers_with_maps_and_depfiles(self):
        self.outside_tmp()
        worker = self.placed()
        for compiler in ("g++", "clang++-14"):
            if shutil.which(compiler) is None:
                skip(self, f"no {compiler}")
            self.second_user_of(compiler)
            self.assert_same_bytes(worker, CPP, ["make", "-j4", f"CXX={compiler}"], CPP_COMMANDS)

    def second_user_of(self, compiler):
        shutil.rmtree(self.store, ignore_errors=True)
        self.server.empty()

    def test_a_small_tmp_is_enough_for_more_than_it_holds(self):
        worker = self.placed(tmp_bytes=400 << 20)
        expected = self.expected()
        self.under_gg(MAKE, self.at(worker))
        for compiler in ("g++", "clang++-14"):  # other tools, which do not fit beside the first ones
            self.fresh(CPP)
            self.under_gg(["make", f"CXX={compiler}"], self.at(worker))
        self.fresh(CALCULATOR)
        self.second_user()
        self.server.empty()
        run = self.under_gg(MAKE, self.at(worker))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.stats()["workers"], {"one": CALCULATOR_COMMANDS})

    def test_thunks_that_make_thunks_run_there(self):
        self.tree.mkdir()
        script = "set -e; a=$(gg thunk create --base self: --env PATH=$PATH --cwd /src --output out -- /bin/sh -c 'echo 8 > out'); " \
                 "gg thunk return out promise:$a:out"
        made = self.ok(self.gg("thunk", "create", "--dynamic", "--program", "/bin/sh", "--env", "PATH=/.gg:/bin", "--cwd", "/src",
                               "--output", "out", "--", "/bin/sh", "-c", script))
        place = self.tree / "forced"
        run = self.ok(self.gg("force", *self.at(self.placed()), "-o", place, f"promise:{made.out.decode().strip()}:out"))
        self.assertEqual(place.read_bytes(), b"8\n")
        self.assertEqual(self.stats()["workers"], {"one": 2}, str(run))

    def test_a_place_that_refuses_filters_and_landlock_is_said_to(self):
        worker = self.placed(denied="seccomp,landlock")
        self.assertIn("(skeleton, no seccomp)", worker.said)
        self.assert_same_bytes(worker, CALCULATOR, MAKE, CALCULATOR_COMMANDS)


class Scripts(WorkerCase):
    """Commands of bash, and what they leave."""

    def setUp(self):
        super().setUp()
        self.tree.mkdir()
        self.count = 0

    def script(self, worker, text, *options, programs=("bash", "cat", "find", "readlink", "env", "sleep", "ln", "chmod", "touch", "sort", "dd")):
        """The Run of gg force, and what the script wrote to `out`; None: it failed, or ran elsewhere."""
        words = [word for name in programs for word in ("--program", f"/usr/bin/{name}")]
        made = self.ok(self.gg("thunk", "create", *words, "--env", "PATH=/usr/bin", "--cwd", "/src", "--output", "out", "--", "/usr/bin/bash",
                               "-c", text))
        self.count += 1
        place = self.tree / f"out{self.count}"
        run = self.gg("force", *self.at(worker), *options, "-o", place, f"promise:{made.out.decode().strip()}:out")
        return run, place.read_bytes() if run.status == 0 else None

    def output(self, worker, text):
        run, out = self.script(worker, text)
        self.ok(run)
        return out

    def test_a_command_sees_its_own_paths_and_exactly_its_environment(self):
        out = self.output(self.placed(), "mkdir() { :; }; { pwd -P; readlink -f .; readlink -f /usr/bin/../bin; readlink /usr; env; } > /src/out")
        self.assertEqual(out.split(b"\n")[:3], [b"/src", b"/src", b"/usr/bin"], out)
        self.assertNotIn(b"/tmp/root", out)
        self.assertNotIn(b"PRELOAD", out)

    def test_a_thunk_finds_no_secret_and_reaches_nobody(self):
        worker = self.placed()
        places = f"127.0.0.1/{self.server.port} 127.0.0.1/{worker.port} 169.254.169.254/80"
        programs = ("bash", "cat", "tr", "find", "readlink", "env")
        run, text = self.script(worker, HUNT.replace("PLACES", places).replace("find / ", "find / /tmp "), programs=programs)
        self.ok(run)
        self.assertTrue(b"PATH=/usr/bin" in text, "it has looked")
        self.assertGreater(len(text), 10_000)
        for secret in (*SECRETS.values(), SECRET, KEY, "X-Amz-Signature"):
            self.assertFalse(secret.encode() in text, secret)
        self.assertFalse(b"reached:1" in text)

    def test_nothing_is_left_between_commands(self):
        worker = self.placed()
        self.output(worker, "(trap '' TERM HUP; cd /tmp; while :; do echo x > /tmp/here; sleep 0.01; done) >/dev/null 2>&1 & "
                            "mkdir() { :; }; echo left > /tmp/left; sleep 0.1; echo ok > out")
        out = self.output(worker, "{ find /tmp -maxdepth 1 | sort; for p in /proc/[0-9]*; do cat $p/comm; done; sleep 0.2; "
                                  "find /tmp -maxdepth 1 | sort; } > /src/out")
        self.assertNotIn(b"/tmp/left", out)
        self.assertNotIn(b"/tmp/here", out)
        self.assertEqual(out.count(b"bash"), 1, out)

    def test_a_command_cannot_reach_what_others_get(self):
        worker = self.placed()
        expected = self.expected()
        self.under_gg(MAKE, self.at(worker))  # the compiler and headers are in its cache now
        # Other bytes in large files (the compiler itself; not in this very script's tools) of the same size, mode and time.
        tamper = ("for f in $(find /tmp/gg-worker -type f -size +4M); do touch -r $f /tmp/time; chmod u+w $f; "
                  "dd if=/dev/zero of=$f bs=16 count=1 conv=notrunc 2>&1; chmod u-w $f; touch -r /tmp/time $f; done > /src/out")
        self.assertIn(b"16 bytes", self.output(worker, tamper))
        self.second_user()
        self.server.empty()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.at(worker))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.stats()["workers"], {"one": CALCULATOR_COMMANDS})

    def test_a_worker_survives_the_signals_of_its_commands(self):
        for denied in ("", "landlock"):
            worker = self.placed(f"worker{len(denied)}", denied=denied)
            out = self.output(worker, "for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = $$ ] || kill -9 $p -$p; done 2>/dev/null; "
                                      "kill -9 -1 2>/dev/null; echo alive > /src/out")
            self.assertEqual(out, b"alive\n")
            self.assertEqual(self.output(worker, "echo again > /src/out"), b"again\n")

    def test_limits_hold(self):
        worker = self.placed("one", "--time", "4", "--memory", "200MB")
        # Where there is more time and memory they end well.
        for script, said in (("sleep 6; echo slept > out", "more than 4000 ms"),
                             ("dd if=/dev/zero of=/dev/null bs=300M count=8 && echo large > out", "more than 200 MiB of memory"),
                             ("for i in {1..1100}; do sleep 2 & done; wait", "more than 1024 processes")):
            self.script(worker, script)
            self.assertIn(said.encode(), self.ok(self.gg("log", "--outcome", "attempt")).out)
        self.assertEqual(self.output(worker, "echo again > out"), b"again\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
