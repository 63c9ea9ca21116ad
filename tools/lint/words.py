#!/usr/bin/env python3
"""Fail when a file of the tree holds what belongs to one machine: a path of somebody's checkout or home,
a conflict marker, trailing blanks."""
import os
import pathlib
import re
import sys

# "/root/dev" and the like are below the root that a container is given, not below somebody's home.
PATTERNS = {
    "a path of one machine": re.compile(rb"(?<![\w./~$}-])/(?:work|root|farm|Users)/(?!dev\b|proc\b|sys\b)[\w.]"),
    "somebody's home": re.compile(rb"(?<![\w./~$}-])/home/(?!user\b|me\b|u\b|someone\b|\W)[\w.]+/"),
    "a conflict marker": re.compile(rb"^(?:<{7}|>{7}) ", re.M),
    "blanks at the end of a line": re.compile(rb"[ \t]+$", re.M),
}
NOT_OURS = {".git", "build"}
# Bytes that tests compare, kept as they came.
VERBATIM = {".bin", ".golden", ".pb"}


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            # This file has to spell what it looks for; a worktree's .git is a file.
            if path.suffix not in VERBATIM and name not in NOT_OURS and not path.samefile(__file__):
                yield path


def main(root):
    problems = []
    for path in files_of(root):
        data = path.read_bytes()
        if b"\0" in data:
            continue
        for what, pattern in PATTERNS.items():
            for match in pattern.finditer(data):
                line = data.count(b"\n", 0, match.start()) + 1
                problems.append(f"{path.relative_to(root)}:{line}: {what}: {match[0].decode(errors='replace')!r}")
    print("\n".join(problems) or "words: ok")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
