"""The table of primitives as JavaScript, for pages that compute.

Read in this order: `translate` (a function of floats as JavaScript), `forwards` (which function
that is for a row of the table), `slopes` (a row's derivatives, read off its rule as the compiler
reads it), `library` (the text that a page needs, and no more), `graphs` (a recorded graph as data).
`runtime.js` has what Python and its `math` have and JavaScript lacks; `graph.js` runs a graph.
Neither knows a derivative.
"""
