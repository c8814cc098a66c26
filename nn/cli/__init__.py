"""The command line: train the two-layer network of the textbook, and use it.

    chainrule train                     on iris, in a few seconds
    chainrule train --data FILE         on a table of your own
    chainrule predict MODEL.json FILE
    chainrule export MODEL.json         as a Python file that needs nothing else

``python -m nn`` is the same command.

Exit codes: 0 done, 2 bad input (one line on stderr), 130 stopped by Ctrl-C (what was learned is
saved).
"""

from nn.cli.commands import main

__all__ = ["main"]
