#!/usr/bin/env python3
"""Fail when a C or C++ file is not as clang-format 14 would write it.  --fix ROOT rewrites instead."""
import pathlib
import shutil
import subprocess
import sys

import skip

FOLDERS = ("src", "tests", "bench", "fuzz", "sdk", "examples")
SUFFIXES = {".c", ".cc", ".h", ".hh"}


def main(arguments):
    fix = "--fix" in arguments
    root = pathlib.Path(next(word for word in arguments if word != "--fix"))
    program = shutil.which("clang-format-14") or skip.for_want_of("clang-format-14")
    files = sorted(str(file) for folder in FOLDERS for file in (root / folder).rglob("*")
                   if file.suffix in SUFFIXES)
    how = ["-i"] if fix else ["--dry-run", "-Werror"]
    status = subprocess.call([program, *how, *files])
    print(f"format: {len(files)} files" + ("" if status == 0 else "; mend with: tools/lint/format.py --fix ."))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
