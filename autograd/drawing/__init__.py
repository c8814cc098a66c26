"""Pictures of computation graphs, as DOT text, as SVG and as plain text.

`draw` makes the DOT text, `labels` and `palette` say what it says and looks like, `collapse` finds
the boxes of a large graph, `tree` is the picture made of lines of text, and `render` and `picture`
have a Graphviz engine draw.
"""
