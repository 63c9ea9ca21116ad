"""How a lint says that it could not look: loudly, and as a failure where continuous integration runs."""
import os
import sys

SKIPPED = 77  # SKIP_RETURN_CODE in cmake/Lint.cmake


def for_want_of(program):
    print(f"skipped: there is no {program} here; tools/install-packages test brings it")
    sys.exit(1 if os.environ.get("CI") else SKIPPED)
