"""The coefficients of the compiler's elementary functions, as they stand in its module.

    python -m benchmarks coefficients

Needs mpmath.
"""

from __future__ import annotations

from testkit.elementary_polynomials import tables


def main(argv: list[str]) -> None:
    """Print the tables as they stand in `autograd.compile.polynomials`."""
    for name, numbers in tables().items():
        print(f"{name} = (\n" + "".join(f"    {x!r},\n" for x in numbers) + ")")
