"""Commands that run natively: counted, and held to the cores there are whatever -j says."""
import itertools
import json
import os
import unittest

from ggtest import Case

COUNT = 40
# Says when it begins and ends, and is busy in between.
TOOL = "#!/bin/sh\necho + >> log\ni=0\nwhile [ $i -lt 3000 ]; do i=$((i + 1)); done\n\"$@\"\nstatus=$?\necho - >> log\nexit $status\n"


class Natives(Case):
    def most_at_once(self):
        steps = [1 if line == "+" else -1 for line in (self.tree / "log").read_text().split()]
        self.assertEqual((steps.count(1), steps.count(-1)), (COUNT, COUNT))
        return max(itertools.accumulate(steps))

    def recipes(self, recipe):
        names = " ".join(f"t{i}" for i in range(COUNT))
        return f"all: {names}\n{names}:\n\t{recipe}\n.PHONY: all {names}\n"

    def test_compilers_that_the_model_declines(self):
        self.fresh({"wrap": TOOL, "a.c": "int a;\n",
                    "Makefile": self.recipes("gcc -wrapper ./wrap -fsyntax-only a.c")})
        self.under_gg(["make", "-j64"])
        self.assertLessEqual(self.most_at_once(), len(os.sched_getaffinity(0)))
        self.assertEqual(self.stats()["native"], COUNT, self.stats())

    def test_a_script_of_cmake_is_no_configuration(self):
        self.fresh({"a.c": "int a;\n", "s.cmake": "execute_process(COMMAND gcc -c a.c)\n",
                    "Makefile": "a.o: a.c\n\tcmake -DX=Y -P s.cmake\n"})
        self.under_gg(["make"])
        shown = json.loads(self.ok(self.gg("explain", "a.o", "--json")).out)
        self.assertEqual((shown["answered"], shown["reason"], shown["detail"]), ("waited", "caller-unsure", "cmake"))

    def test_compilers_without_a_model_are_counted_too(self):
        for standing in ([], ["--sandbox=none"]):
            self.fresh({"bin/gfortran": TOOL, "Makefile": self.recipes("gfortran true")})
            self.under_gg(["make", "-j64"], standing, env={"PATH": f"{self.tree}/bin:{self.environment['PATH']}"})
            self.assertLessEqual(self.most_at_once(), len(os.sched_getaffinity(0)))
            self.assertEqual(self.stats()["native"], COUNT, self.stats())

    def test_a_pipeline_is_never_stuck(self):
        # More than fits into a pipe, so that the first waits for the second.
        source = "".join(f"int f{i}(void) {{ return {i}; }}\n" for i in range(9000))
        self.fresh({"big.c": source, "Makefile": self.recipes("gcc -wrapper env -E big.c | gcc -fsyntax-only -x c -")})
        self.under_gg(["make", "-j64"])

    def test_a_compiler_that_reads_what_another_writes_is_never_stuck(self):
        source = "".join(f"int f{i}(void) {{ return {i}; }}\n" for i in range(9000))
        self.fresh({"big.c": source, "Makefile": "SHELL = bash\nall: 1 2 3 4\n1 2 3 4:\n\tgcc -wrapper env -fsyntax-only -x c "
                                                 "<(gcc -wrapper env -E big.c)\n.PHONY: all 1 2 3 4\n"})
        self.under_gg(["make", "-j64"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
