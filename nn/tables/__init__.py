"""Tables: rows of cells of text, from files as people have them and from objects in memory.

>>> from nn.tables.objects import table_of_object
>>> table_of_object({"length": [1.5, 2.0], "kind": ["yes", "no"]}).rows
[(0, ['1.5', 'yes']), (1, ['2.0', 'no'])]
"""
