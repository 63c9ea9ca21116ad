#!/usr/bin/env python3
"""launcher_ratio.py [options] [SOURCE...]: one compile that is known already, by `gg cc gcc -c` and by `ccache gcc -c`.

Both start anew for each command. They take turns, after one run that fills their caches; gcc itself is there to compare
with. Medians; ratios are to ccache, within a round. Without SOURCE: a small C file that includes what most do.

  bench/launcher_ratio.py --ccache /usr/bin/ccache a.c b.cc
"""
import json
import pathlib
import tempfile

import interleaved

SMALL = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint f(const char* s) { return printf(\"%zu\", strlen(s)); }\n"


def measure(options, source, work):
    environment = {"PATH": interleaved.PATH, "HOME": str(work), "LC_ALL": "C.UTF-8", "CCACHE_DIR": str(work / "ccache")}
    compiler = "gcc" if source.suffix == ".c" else "g++"
    command = [compiler, "-O2", "-c", str(source), "-o", str(work / "out.o")]
    kinds = {kind: (lambda argv: lambda: interleaved.timed(argv, work, environment))([*prefix, *command])
             for kind, prefix in {"ccache": [options.ccache], "gg cc": [options.gg, "cc", "--store", str(work / "store")],
                                  "no cache": []}.items()}
    for run in kinds.values():
        run()
        run()  # ccache believes its second look at a new file
    return interleaved.report(interleaved.in_turns(kinds, options.rounds), "ccache")


def main():
    parser = interleaved.parser(__doc__, rounds=30)
    parser.add_argument("sources", nargs="*", type=pathlib.Path, metavar="SOURCE")
    parser.add_argument("--ccache", default="ccache", metavar="PROGRAM")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gg-bench-") as folder:
        work = pathlib.Path(folder).resolve()
        small = work / "small.c"
        small.write_text(SMALL)
        for source in options.sources or [small]:
            lines = measure(options, source.resolve(), work)
            print(json.dumps({"source": source.name} | lines)) if options.json else interleaved.show(source.name, lines)


if __name__ == "__main__":
    main()
