"""Run a benchmark by its name: ``python -m benchmarks eager``."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def names() -> list[str]:
    """Return the benchmarks: the modules of this folder that have a `main`."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    found = sorted(module.name for module in modules if not module.ispkg)
    return [name for name in found if name[0] != "_" and "\ndef main(" in source_of(name)]


def source_of(name: str) -> str:
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")


def purpose(name: str) -> str:
    return source_of(name).split('"""')[1].splitlines()[0]


def main(argv: list[str]) -> int:
    """Run the benchmark named first with the remaining words."""
    if argv and argv[0] in names():
        module = importlib.import_module(f"benchmarks.{argv[0]}")
        return int(module.main(argv[1:]) or 0)
    print("usage: python -m benchmarks NAME [options]\n")
    for name in names():
        print(f"  {name:10} {purpose(name)}")
    return 0 if not argv or argv[0] in ("-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
