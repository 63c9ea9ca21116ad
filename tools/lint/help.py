#!/usr/bin/env python3
"""Fail when a help text (src/cli/*.md) has another shape than docs/decisions/0002-help-text.md says."""
import pathlib
import re
import sys

SECTIONS = ["Usage", "Options", "Exit status", "Examples"]
WIDTH = 120  # --help is read on terminals


def problems_of(path):
    text = path.read_text()
    title = "# gg -- " if path.stem == "gg" else f"# gg {path.stem} -- "
    if not text.startswith(title):
        yield f"1: the first line should begin with '{title}'"
    sections = [name for name in re.findall(r"^## (.+)", text, re.M) if name != "Commands"]
    if sections != SECTIONS:
        yield f"1: sections are {sections}, should be {SECTIONS}"
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDTH:
            yield f"{number}: {len(line)} columns, at most {WIDTH}"
        if line.startswith("|"):
            yield f"{number}: a table; --help is plain text"
    if path.stem != "gg" and f"    {path.stem} " not in (path.parent / "gg.md").read_text():
        yield "1: gg.md does not list this command"


def main(root):
    texts = sorted((root / "src/cli").glob("*.md"))
    problems = [f"{path.relative_to(root)}:{problem}" for path in texts for problem in problems_of(path)]
    print("\n".join(problems) or f"help: {len(texts)} texts ok")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
