"""Data sets that come with the package as compressed CSV; README.md states source and licence."""
