"""From a function to a tape: the function runs once, and what it records is written down.

Read in this order: `symbols` (how a rule of the table is read), `tracers` (the Values of a trace),
`tape` (tracing a function), and `rules` (local derivatives as tapes).
"""
