#!/usr/bin/env python3
"""inference_ratio.py [options] PROJECT-DIR...: what inference alone costs, next to the build without its tools.

Each project is copied and configured once (plainly). In each round its tree is put back and built in turns: with every
tool replaced by `true`; by `gg infer`, which executes nothing, with a store that knows the machine and the project
("again"); and by `gg infer` with an empty store ("first"). Then the same for a tree in which nothing has changed since
it was built: plainly and under `gg run`. Medians, wall and processor time; ratios are within a round.

Only for projects whose rules get along without what the tools would have made (automake's do not: they rename depfiles).

  bench/inference_ratio.py --configure ./configure --build 'make -j2' ~/src/zlib-1.2.13
"""
import json
import pathlib
import shutil
import tempfile

import interleaved

TOOLS = ("gcc", "cc", "g++", "c++", "clang", "clang++", "ar", "gcc-ar", "ranlib", "gcc-ranlib", "strip", "nm", "ld", "as",
         "nasm", "yasm", "objcopy")


class Bench(interleaved.Project):
    def __init__(self, options, project, work):
        super().__init__(project, options.configure, work)
        self.options, self.tools = options, work / "true-bin"
        self.tools.mkdir()
        for name in TOOLS:
            (self.tools / name).symlink_to(shutil.which("true", path=interleaved.PATH))

    def build(self):
        return ["sh", "-c", "exec " + self.options.build]

    def gg(self, verb, store):
        return [self.options.gg, verb, "--store", str(self.work / store), "--summary=off", "-q", "--", *self.build()]

    def without_tools(self):
        self.restore()
        return self.command(self.build(), PATH=f"{self.tools}:{interleaved.PATH}")

    def infer_again(self):
        self.restore()
        return self.command(self.gg("infer", "again"))

    def infer_first(self):
        shutil.rmtree(self.work / "first", ignore_errors=True)
        self.restore()
        return self.command(self.gg("infer", "first"))

    def measure(self):
        self.without_tools()  # warms the page cache
        self.infer_again()
        inference = interleaved.in_turns({"tools=true": self.without_tools, "infer again": self.infer_again,
                                          "infer first": self.infer_first}, self.options.rounds)
        self.restore()
        # A store of its own: `gg infer` leaves placeholders, and where some are about more is looked at.
        self.command(self.gg("run", "built"))
        self.command(self.build())  # some projects need a second run to come to rest
        unchanged = interleaved.in_turns({"plain": lambda: self.command(self.build()),
                                          "gg": lambda: self.command(self.gg("run", "built"))}, 2 * self.options.rounds)
        return {"inference": interleaved.report(inference, "tools=true"),
                "nothing changed": interleaved.report(unchanged, "plain")}


def main():
    parser = interleaved.parser(__doc__, rounds=5)
    parser.add_argument("projects", nargs="+", type=pathlib.Path, metavar="PROJECT-DIR")
    parser.add_argument("--configure", default="", metavar="COMMAND", help="run once, plainly, before the builds")
    parser.add_argument("--build", default="make -j2", metavar="COMMAND")
    parser.add_argument("--work", default=None, metavar="DIR", help="where to build (default: the temporary directory)")
    options = parser.parse_args()
    for project in options.projects:
        with tempfile.TemporaryDirectory(prefix="gg-bench-", dir=options.work) as work:
            report = Bench(options, project.resolve(), pathlib.Path(work).resolve()).measure()
        if options.json:
            print(json.dumps({"project": project.name} | report))
        else:
            for title, lines in report.items():
                interleaved.show(f"{project.name}: {title}", lines)


if __name__ == "__main__":
    main()
