"""Benchmarks: commands that print tables. `python -m benchmarks` lists them."""
