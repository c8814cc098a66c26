"""Exports: a model as one Python file that needs the standard library only.

>>> from nn import Model, TwoLayerNetwork
>>> text = program_of(Model(TwoLayerNetwork(2, 3, 2, seed=0)))
>>> text.splitlines()[0]
'# Written by chainrule export: needs Python 3.8 or later, and nothing else.'
"""

from nn.exports.program import MARK, program_of

__all__ = ["MARK", "program_of"]
