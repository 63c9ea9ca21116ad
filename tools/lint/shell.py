#!/usr/bin/env python3
"""shellcheck over every shell script of the tree."""
import pathlib
import re
import shutil
import subprocess
import sys

import skip

PLACES = ("tools", ".ci", "tests", "bench", "examples")


def is_shell_script(path):
    with path.open("rb") as file:
        return re.match(rb"#!.*\b(?:ba|da)?sh\b", file.readline()) is not None


def main(root):
    program = shutil.which("shellcheck") or skip.for_want_of("shellcheck")
    scripts = sorted(str(path) for place in PLACES for path in (root / place).rglob("*")
                     if path.is_file() and is_shell_script(path))
    status = subprocess.call([program, *scripts])
    print(f"shell: {len(scripts)} scripts")
    return status


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
