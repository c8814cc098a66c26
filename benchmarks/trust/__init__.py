"""How far results can be trusted: campaigns that compare, break and interrupt."""

WRONG = 1e-9  # of the path sum: a derivative that is further off is wrong
