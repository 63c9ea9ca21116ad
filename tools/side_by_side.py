#!/usr/bin/env python3
"""side_by_side.py COLD.json WARM.json: two summaries (gg stats --json) in two columns.

Exit status 1 when the warm run executed anything: then something is not memoised that should be.
"""
import json
import pathlib
import sys

NANO = ("infer_ns", "set_up_ns", "execute_ns", "collect_ns")


def rows(runs):
    def row(name, value):
        return (name, *(value(run) for run in runs))

    yield row("wall time", lambda run: f"{run['wall_ns'] / 1e9:.1f} s")
    for key in ("commands", "thunks", "hits", "ran", "failed", "native", "executions"):
        yield row(key, lambda run: str(run[key]))
    for reason in sorted({reason for run in runs for reason in run["declined"]}):
        yield row(f"  native: {reason}", lambda run: str(run["declined"].get(reason, {}).get("count", 0)))
    for key in NANO:
        yield row(key.removesuffix("_ns").replace("_", " ") + " time", lambda run: f"{run[key] / 1e9:.1f} s")


def main(paths):
    runs = [json.loads(pathlib.Path(path).read_text()) for path in paths]
    print(f"{'':<28}{'cold':>12}{'warm':>12}")
    for name, cold, warm in rows(runs):
        print(f"{name:<28}{cold:>12}{warm:>12}")
    warm = runs[1]
    print(f"\nwarm: {warm['hits']} of {warm['thunks']} thunks were hits")
    if warm["hits"] != warm["thunks"]:
        print("side_by_side: the warm run should have been all hits; `gg explain FILE` says why one was not",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:3]))
