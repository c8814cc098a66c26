"""Pictures of computation graphs, as DOT text, as SVG and as plain text.

`draw` makes a `sketch`: boxes, arrows and frames; `labels` and `palette` say what it says and looks
like, `collapse` finds the boxes of a large graph, `letters` the textbook's names. `layout` and
`svg` draw it without any program, `render` has a Graphviz engine do it; `show` and `picture` are
the drawing that one gets, and `tree` is the picture made of lines of text.
"""
