"""The compiler's command: which engine there is, and the machine code that is kept on disk.

python -m autograd.compile                  what there is, and where
python -m autograd.compile --empty-cache    removes all machine code that is kept
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from autograd.compile.machine import trimming


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m autograd.compile", description=about())
    parser.add_argument("--empty-cache", action="store_true", help="remove what is kept")
    options = parser.parse_args(arguments)
    try:
        place = trimming.root()
    except RuntimeError as error:
        print(f"no code is kept: {error}", file=sys.stderr)
        return 1
    if options.empty_cache:
        print(f"{trimming.empty(place) / 1e6:,.1f} MB removed")
    print(f"engine: {engine()}")
    print(f"kept code: {trimming.described(place)}")
    return 0


def about() -> str:
    """Return what the command is for."""
    return "Show which engine runs compiled functions, and the machine code that is kept on disk."


def engine() -> str:
    """Return which engine compiled functions use, and what another one needs."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        return 'none; pip install "chainrule[compile]"'
    try:
        import llvmlite
    except ImportError:
        return 'numpy; for llvm, pip install "chainrule[compile]"'
    return f"llvm, by llvmlite {llvmlite.__version__}"


if __name__ == "__main__":
    sys.exit(main())
