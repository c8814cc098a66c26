"""The machine: a program run by kernels that LLVM compiles, a block of lanes at a time."""
