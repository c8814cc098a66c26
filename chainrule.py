"""The command `chainrule`: it ends without a traceback, also while it is still being loaded."""

import sys


def main() -> None:
    """Run the command line as a process of its own."""
    try:
        from nn.cli import process
    except KeyboardInterrupt:
        print("chainrule: stopped", file=sys.stderr)
        sys.exit(130)
    process()


if __name__ == "__main__":
    main()
