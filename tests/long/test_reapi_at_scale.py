"""A build of some hundred commands at a server that is killed, and loses what it holds, while the build goes on."""
import signal
import unittest

from ggtest import GG
from reapi_server import ReapiCase

LIBRARIES, SOURCES = 12, 25
COMMANDS = LIBRARIES * (SOURCES + 1) + 2


def project():
    """Libraries of sources that share a header, and a program of them all."""
    names = [f"lib{library}" for library in range(LIBRARIES)]
    files = {"Makefile": f"libraries = {' '.join(f'{name}/{name}.a' for name in names)}\n"
                         "program: main.o $(libraries)\n\t$(CC) -o $@ main.o $(libraries)\n"
                         "%.o: %.c\n\t$(CC) -O1 -g -I. -c -o $@ $<\n",
             "all.h": "#include <stdio.h>\n", "main.c": "#include \"all.h\"\nint main(void) { return printf(\"%d\\n\", 0"}
    for name in names:
        sources = [f"{name}/{name}_{number}" for number in range(SOURCES)]
        functions = [source.rpartition("/")[2] for source in sources]
        files["Makefile"] += f"{name}/{name}.a: {' '.join(source + '.o' for source in sources)}\n\t$(AR) rcs $@ $^\n"
        files["all.h"] += "".join(f"int {function}(int);\n" for function in functions)
        files["main.c"] += "".join(f" + {function}(1)" for function in functions)
        for number, (source, function) in enumerate(zip(sources, functions)):
            files[source + ".c"] = f"#include \"all.h\"\nint {function}(int n) {{ return n + {number}; }}\n"
    files["main.c"] += ") < 0; }\n"
    return files


class Loss(ReapiCase):
    def built_while(self, troubles):
        """`troubles`: {share of the commands that are done: what happens then}."""
        files = project()
        expected = self.expected(files)
        process = self.start([GG, "run", *self.engine, "--", "make", "-j4"])
        for share, trouble in troubles.items():
            self.wait_until(lambda: len(self.server.results()) >= share * COMMANDS, f"{share:.0%} of the results", process,
                            every=0.05, seconds=600)
            trouble()
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, f"{out!r} {err!r}")
        self.assert_same(expected, self.snapshot(), repr(err))
        self.assert_nothing_to_do(["make", "-j4"])

    def restart(self, forget=lambda: None):
        self.server.stop(signal.SIGKILL)
        forget()
        self.server.start()

    def test_killed_and_later_emptied_in_mid_run_costs_time_only(self):
        self.built_while({0.3: self.restart, 0.6: lambda: self.restart(self.server.forget_objects)})

    def test_objects_that_vanish_from_a_server_that_goes_on_are_sent_again(self):
        def collect():
            for path in self.server.objects():
                path.unlink(missing_ok=True)

        self.built_while({0.3: collect, 0.6: collect})


if __name__ == "__main__":
    unittest.main(verbosity=2)
