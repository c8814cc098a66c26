"""From a tape to a program: few instructions on many slots, in place of many rows.

`graph` turns the tape into arrays of integers, `fuse` finds inner products, `grouping` and
`schedule` find the members of an instruction and their order, `optional_adjoints` finds where an
adjoint can be absent; `lowering` puts them together, and `program` is the result, in which
`rolling` finds the loops.
"""
