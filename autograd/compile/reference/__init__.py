"""The reference engine: a program run by NumPy, one call for each instruction and edge."""
