"""``python -m bench``."""

import sys
from os import getcwd

# Python puts the working directory first, and a json.py in it would be taken for Python's own.
if not sys.flags.safe_path and sys.path[:1] == [getcwd()]:  # noqa: PTH109 - pathlib may be taken too
    del sys.path[0]

from bench.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
