"""What the end-to-end tests share: a world of its own for each test, small projects, builds plainly and under gg at
one path, and what is left behind compared.

Environment: GG is the binary under test. CI turns skips into failures.
"""
import ctypes
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

GG = os.path.abspath(os.environ["GG"]) if "GG" in os.environ else ""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEADLINE_SECONDS = 120  # for one command; a build here takes seconds
MAGIC = b"gg placeholder "
# Programs that a build on top of a finished one has no reason to start.
TOOLS = {"cc1", "cc1plus", "as", "ld", "ld.bfd", "collect2", "ar", "ranlib", "gcc", "g++", "cc", "c++"}
NOBODY = 65534


def become_subreaper():
    """Processes that lose their parent come to us, so that nothing gg leaves behind can hide."""
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def private_temporaries(files):
    """From now on /tmp and /dev/shm are this process's and its children's own, so that what is left there can be told;
    `files` stay where they are."""
    CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS | (CLONE_NEWUSER if user != 0 else 0)) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if user != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            pathlib.Path("/proc/self", name).write_text(text)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    held = {os.path.realpath(path): os.open(path, os.O_RDONLY) for path in files}
    for folder in ("/tmp", "/dev/shm"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "private", folder], check=True)
    for path, file in held.items():
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            pathlib.Path(path).touch()
            subprocess.run(["mount", "--no-canonicalize", "--bind", f"/proc/{os.getpid()}/fd/{file}", path], check=True)
        os.close(file)


def skip(test, why):
    """Loud, and a failure where nobody would read it."""
    if os.environ.get("CI"):
        test.fail(f"would be skipped: {why}")
    print(f"skipped: {why}", file=sys.stderr)
    test.skipTest(why)


class Run:
    """One finished command."""

    def __init__(self, argv, status, out, err, seconds):
        self.argv, self.status, self.out, self.err, self.seconds = argv, status, out, err, seconds

    def __str__(self):
        text = lambda data: data.decode("utf-8", "backslashreplace")
        return (f"{self.argv} ended with {self.status} after {self.seconds:.1f} s\n"
                f"-- stdout:\n{text(self.out)}\n-- stderr:\n{text(self.err)}")

    @property
    def foreign_err(self):
        """stderr without gg's own lines: what the build itself wrote."""
        return b"".join(line for line in self.err.splitlines(True) if not line.startswith(b"gg: "))


class Case(unittest.TestCase):
    """A test with a home, a store and a project directory of its own."""

    longMessage = True
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        if not os.access(GG, os.X_OK):
            raise unittest.SkipTest("set GG to the gg binary") if not os.environ.get("CI") else AssertionError("no GG")
        become_subreaper()

    def setUp(self):
        # Resolved: __FILE__ and depfiles show the path that the compiler was given.
        self.world = pathlib.Path(tempfile.mkdtemp(prefix="gg-e2e-")).resolve()
        self.addCleanup(self.tear_down_world)
        os.chmod(self.world, 0o755)
        self.home = self.world / "home"
        self.tree = self.world / "project"
        self.store = self.home / ".cache/gg"
        self.home.mkdir()
        self.environment = {"PATH": PATH, "HOME": str(self.home), "LC_ALL": "C.UTF-8", "TERM": "dumb",
                            "XDG_RUNTIME_DIR": str(self.world)}
        self.as_user = None

    def tear_down_world(self):
        self.reap(seconds=10)
        for folder, folders, _ in os.walk(self.world):
            for name in folders:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.world)

    # -- projects

    def write(self, files, tree=None):
        """Writes {name: text or bytes}; all get one old mtime, so that what is made later is newer. Names may be bytes."""
        tree = os.fsencode(tree or self.tree)
        for name, content in files.items():
            path = os.path.join(tree, os.fsencode(name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            if content[:2] in ("#!", b"#!"):
                os.chmod(path, 0o755)
            os.utime(path, (1_600_000_000, 1_600_000_000))

    def fresh(self, files):
        """The project as if just unpacked."""
        shutil.rmtree(self.tree, ignore_errors=True)
        self.tree.mkdir()
        self.write(files)
        if self.as_user is not None:
            for folder, folders, names in os.walk(self.tree):
                for path in [folder, *(os.path.join(folder, name) for name in names)]:
                    os.chown(path, self.as_user, self.as_user)

    # -- commands

    def start(self, argv, cwd=None, env=None, **options):
        credentials = {} if self.as_user is None else {"user": self.as_user, "group": self.as_user, "extra_groups": []}
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(argv, cwd=cwd or self.tree, env=self.environment | (env or {}),
                                start_new_session=True, **credentials, **options)

    def run_command(self, argv, cwd=None, env=None, **options):
        """Any exit status. Fails the test if it does not end in time, with what it said until then."""
        begin = time.monotonic()
        process = self.start(argv, cwd, env, **options)
        try:
            out, err = process.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            self.fail(f"still running after {DEADLINE_SECONDS} s: {Run(argv, None, out or b'', err or b'', 0)}")
        return Run(argv, process.returncode, out or b"", err or b"", time.monotonic() - begin)

    def ok(self, run):
        self.assertEqual(run.status, 0, str(run))
        return run

    def plain(self, argv, **options):
        return self.ok(self.run_command(argv, **options))

    def gg(self, *words, **options):
        return self.run_command([GG, *words], **options)

    def under_gg(self, argv, options=(), **more):
        """`gg run OPTIONS -- argv`, which has to succeed."""
        return self.ok(self.gg("run", *options, "--", *argv, **more))

    def stats(self):
        """The latest run's summary."""
        return json.loads(self.ok(self.gg("stats", "--json", cwd=self.world)).out)

    def failing(self, argv, options=(), **more):
        """`gg run` of a build in which a command fails: make's or ninja's status, or, where they had got through
        before, the command's own; never that of gg's own signal to them."""
        run = self.gg("run", *options, "--", *argv, **more)
        self.assertIn(run.status, range(1, 127), str(run))
        self.assert_no_placeholders()
        return run

    # -- claims

    def snapshot(self, root=None):
        """Every path below root but directories' contents: kind, permissions, bytes or target."""
        root = os.fsencode(root or self.tree)
        found = {}
        for folder, folders, names in os.walk(root):
            for name in folders + names:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                mode = oct(stat.S_IMODE(info.st_mode))
                if stat.S_ISLNK(info.st_mode):
                    entry = ("symlink", os.readlink(path))
                elif stat.S_ISDIR(info.st_mode):
                    entry = ("directory", mode)
                elif stat.S_ISREG(info.st_mode):
                    with open(path, "rb") as file:
                        data = file.read()
                    entry = ("file", mode, len(data), hashlib.sha256(data).hexdigest())
                else:
                    entry = ("special", mode)
                found[os.path.relpath(path, root)] = entry
        return found

    def assert_same(self, expected, actual, what=""):
        ignored = {b".ninja_log", b".ninja_deps"}  # hold times
        names = {name for name in expected.keys() | actual.keys() if os.path.basename(name) not in ignored}
        for name in list(names):
            # gcc makes other bytes of a precompiled header each time; that it is there has to be the same.
            if name.endswith(b".gch") and name in expected and name in actual:
                names.remove(name)
        differing = [f"{name!r}: plainly {expected.get(name)}, here {actual.get(name)}"
                     for name in sorted(names) if expected.get(name) != actual.get(name)]
        self.assertEqual(differing, [], what)

    def placeholders(self, root=None):
        found = []
        for folder, _, names in os.walk(os.fsencode(root or self.tree)):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        if file.read(len(MAGIC)) == MAGIC:
                            found.append(path)
        return found

    def assert_no_placeholders(self, root=None):
        self.assertEqual(self.placeholders(root), [])

    def build_both_ways(self, files, argv, prepare=()):
        """Builds plainly, then the same at the same path under gg; the trees have to be equal. Returns gg's Run."""
        self.fresh(files)
        for step in prepare:  # once: CMake's logs differ from one configuring to the next
            self.plain(step)
        prepared = self.world / "prepared"
        subprocess.run(["cp", "-a", self.tree, prepared], check=True)
        self.plain(argv)
        expected = self.snapshot()
        shutil.rmtree(self.tree)
        prepared.rename(self.tree)
        run = self.under_gg(argv)
        self.assert_same(expected, self.snapshot(), str(run))
        return run

    def tools_started(self, argv):
        """Which compilers, assemblers, linkers and archivers a plain run of argv starts."""
        trace = self.world / "trace"
        self.plain(["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-s", "0", "-o", trace, *argv])
        programs = re.findall(rb'execve\("([^"]+)".* = 0$', trace.read_bytes(), re.M)
        names = [os.path.basename(program).decode() for program in programs]
        return [name for name in names if name.removeprefix("x86_64-linux-gnu-").removesuffix("-12") in TOOLS]

    def assert_nothing_to_do(self, argv):
        self.assertEqual(self.tools_started(argv), [], f"a plain {argv} on top should start no tool")

    # -- processes

    @staticmethod
    def children():
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]

    def alive(self):
        """Orphans of what we started that still run, by pid and program."""
        found = []
        for pid in self.children():
            try:
                with open(f"/proc/{pid}/stat") as file:
                    fields = file.read()
            except OSError:
                continue
            if fields.rpartition(") ")[2][0] not in "ZX":
                found.append((pid, fields.partition("(")[2].rpartition(")")[0]))
        return found

    def reap(self, seconds):
        """Waits until every orphan has ended, kills what does not, and returns what had to be killed."""
        deadline, stubborn = time.monotonic() + seconds, []
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return stubborn
            if pid == 0 and time.monotonic() > deadline:
                stubborn += self.alive()
                for victim, _ in self.alive():
                    os.kill(victim, signal.SIGKILL)
                os.waitpid(-1, 0)
            elif pid == 0:
                time.sleep(0.01)  # polls: Python has no wait with a deadline

    def wait_until(self, condition, what, process=None, every=0.01, seconds=DEADLINE_SECONDS):
        deadline = time.monotonic() + seconds
        while not condition():
            if process is not None and process.poll() is not None:
                out, err = process.communicate()
                self.fail(f"ended before {what}: {Run(process.args, process.returncode, out or b'', err or b'', 0)}")
            self.assertLess(time.monotonic(), deadline, f"never came: {what}")
            time.sleep(every)


# A compile that is busy until somebody stops it.
ENDLESS = """
constexpr bool spin() {
  unsigned s = 1;
  for (long i = 0; i < 2000000000; ++i)
    for (long j = 0; j < 2000000000; ++j) s = s * 3 + 1;
  return s == 7;
}
bool answer = [] { constexpr bool result = spin(); return result; }();
"""
ENDLESS_FLAGS = "-std=c++17 -fconstexpr-ops-limit=9000000000000000000 -fconstexpr-loop-limit=2147483647"

# A make project with what such projects have: several sources, generated depfiles, a static and a shared library
# with a version script, a recursive make, an executable of it all.
CALCULATOR = {
    "Makefile": """\
CFLAGS = -O1 -g -Wall -MMD -Iinclude
objects = src/main.o src/parse.o src/print.o
all: calculator libshared.so
calculator: $(objects) lib/libarith.a
\t$(CC) -o $@ $(objects) -Llib -larith
lib/libarith.a: FORCE
\t$(MAKE) -C lib
libshared.so: src/shared.pic.o exports.map
\t$(CC) -shared -Wl,--version-script=exports.map -Wl,-soname,libshared.so.1 -o $@ src/shared.pic.o
src/%.pic.o: src/%.c
\t$(CC) $(CFLAGS) -fPIC -c -o $@ $<
clean:
\trm -f src/*.o src/*.d lib/*.o lib/*.d lib/*.a calculator libshared.so
FORCE:
-include $(objects:.o=.d) src/shared.pic.d
.PHONY: all clean FORCE
""",
    "lib/Makefile": """\
CFLAGS = -O1 -g -MMD -I../include
libarith.a: add.o mul.o start.o
\t$(AR) rcs $@ $^
-include add.d mul.d
""",
    "include/arith.h": "#pragma once\nint add(int a, int b);\nint mul(int a, int b);\n",
    "include/parse.h": "#pragma once\n#include \"arith.h\"\nint parse(const char* text);\n",
    "src/main.c": "#include \"parse.h\"\nvoid print(int n);\nint main(int c, char** v) { print(parse(c > 1 ? v[1] : \"2+3\")); }\n",
    "src/parse.c": "#include \"parse.h\"\n#include <stdlib.h>\nint parse(const char* t) { char* e; int a = (int)strtol(t, &e, 10);\n"
                   "  return *e == '+' ? add(a, atoi(e + 1)) : mul(a, atoi(e + 1)); }\n",
    "src/print.c": "#include <stdio.h>\nvoid print(int n) { printf(\"%d\\n\", n); }\n",
    "src/shared.c": "int shown(void) { return 1; }\nint hidden(void) { return 2; }\n",
    "exports.map": "V1 { global: shown; local: *; };\n",
    "lib/add.c": "#include \"arith.h\"\nint add(int a, int b) { return a + b; }\n",
    "lib/mul.c": "#include \"arith.h\"\nint mul(int a, int b) { return a * b; }\n",
    "lib/start.s": "\t.globl begin\nbegin:\n\tret\n\t.section .note.GNU-stack,\"\",@progbits\n",
}
# Its compile, assemble, archive and link commands.
CALCULATOR_COMMANDS = 4 + 3 + 1 + 2
