"""The command line: train the two-layer network of the textbook, and use it.

    chainrule train                     on iris, in a few seconds
    chainrule train --data FILE         on a table of your own
    chainrule resume FOLDER             go on with a training that was stopped
    chainrule predict MODEL.json FILE
    chainrule evaluate MODEL.json FILE  how well it does on rows whose class is known
    chainrule draw MODEL.json           the network, or the backward flow of a row
    chainrule export MODEL.json         as a Python file that needs nothing else

``python -m nn`` is the same command.

Exit codes: 0 done, 2 bad input, 3 the training diverged, 4 a result cannot be written, each with
one line on stderr; 128 and the number of a signal that stopped it: 130 Ctrl-C, 143 SIGTERM, 129
SIGHUP, 141 a closed pipe. What was learned is saved.
"""

from nn.cli.commands import main, process

__all__ = ["main", "process"]
