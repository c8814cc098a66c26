"""The machine: a program run by kernels that Numba compiles, a block of lanes at a time."""
