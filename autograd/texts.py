"""What pages, drawings and plots say, in one catalogue; a page's script fills in the same texts.

A translation is a catalogue of the standard library's gettext for the domain "chainrule", found by
the environment variables that gettext reads, in the folder that CHAINRULE_LOCALES names.

>>> said("given", name="x", number="3")
'x is given: x = 3.'
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations

DOMAIN = "chainrule"
FOLDER = "CHAINRULE_LOCALES"  # environment variable
LANGUAGES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # those that gettext reads

# fmt: off
PAGE_TEXTS = {  # of the stepper: its script has them, too
    "counts": "{nodes} nodes, {steps} steps",
    # The sentence of each step.
    "given": "{name} is given: {name} = {number}.",
    "computed": "{name} = {line}.",
    "start": "The backward pass starts at {root} with the gradient {number}.",
    "passed on": "{parent} receives {rule} = {product} from {node}; its gradient becomes {sum}.",
    "complete": "The pass is complete: the gradient of {root} with respect to {listed}.",
    "of a leaf": "{name} is {number}",
    "between leaves": ", to ",
    "more leaves": ", and to {count} more",
    "no gradient": "The pass is complete: no gradient leaves {root}.",
    "nothing yet": "Nothing is computed yet. Press → or ▶ to compute the first value.",
    "all terms": "all terms",
    # The formula of a step.
    "formula": "formula",
    "leaf": "leaf",
    "by itself": "gradient of {name} by itself",
    "upstream": "upstream: grad of {name}",
    "local": "local: ∂{node}/∂{parent}",
    "contribution": "contribution",
    "before": "grad of {name} before",
    "after": "after",
    "grad of": "grad of {name}",
    # The table of all steps.
    "starts here": "the pass starts here",
    # The sum over paths.
    "sum over paths": "Sum over paths: {name}",
    "no path leads": "No path leads from {name} to {root}: its gradient is 0.",
    "one path leads": "One path leads from {name} to {root}; each contribution below gathers those "
                      "through one edge.",
    "paths lead": "{count} paths lead from {name} to {root}; each contribution below gathers those "
                  "through one edge.",
    "from": "from {name}",
    "total": "total: gradient of {name}",
    "total so far": "so far: gradient of {name}",
    "no path": "no path",
    # The passes.
    "forward": "forward pass",
    "backward": "backward pass",
    "done": "complete",
    # More controls.
    "more controls": "More controls",
    "steps by": "a step is",
    "by edge": "step by edge",
    "by node": "step by node",
    "by layer": "step by layer",
    "speed": "speed",
    "turn": "backward",
    "to the backward pass": "To the backward pass",
    "smaller": "Smaller",
    "larger": "Larger",
    "fit": "Fit",
    "full screen": "Full screen",
    # Predict, then look.
    "predict": "Predict",
    "predict, then look": "Predict each number, then look",
    "guess value": "{name} = {formula} = ?",
    "guess edge": "{parent} receives ∂{root}/∂{node} · {rule} = ?",
    "right": "Right: {number}.",
    "not right": "It is {number}.",
    "guesses": "{hits} of {asked} guesses right (within 1 % or 0.005).",
    # The leaves.
    "leaves": "What if? Change a leaf",
    "same graph": "The page computes both passes again, with the same operations: an if in your "
                  "Python program is not decided again.",
    "fixed": "The leaves cannot be changed here: {reason}.",
    "value of": "value of {name}",
    "slider of": "slider of {name}",
    "as recorded": "as recorded",
    "no number": "{text} is no number.",
    "would raise": "Python would raise {error} at {name} = {formula}; the page goes on with "
                   "{number}, as ieee() does.",
    "gradient now": "grad {number}",
    "changed": "leaves were changed; the badge is about the recorded numbers",
}
PICTURE_TEXTS = {
    # Drawings of graphs.
    "data": "data",
    "grad": "grad",
    "graph of": "graph of {line}",
    "slope": "slope {number}",
    "above": "(above)",
    "nodes in all": "… {count} nodes in all",
    "no gradient here": "no gradient: the result does not depend on this operand here",
    "collapsed": "{nodes} nodes in {boxes} boxes, collapsed by {way}; collapse=False draws them "
                 "all",
    "way neuron": "neuron",
    "way layer": "layer",
    "way depth": "depth",
    "group": "group",
    "group of nodes": "{what}: {count} nodes",
    "depth band": "depth band {number}",
    "part layer": "layer",
    "part neuron": "neuron",
    "edges": "{count} edges",
    "a leaf": "1 leaf",
    "leaves of": "{count} leaves",
    "numbers": "{some}, … ({count} numbers)",
    "missing letters": "no font here has the letters of {word}: they become empty boxes; install "
                       "a font that has them, such as Noto Sans CJK (apt-get install "
                       "fonts-noto-cjk), or write svg, whose texts the reader's fonts show",
    "as text": "The graph as text",
    # Figures of networks.
    "inputs": "inputs",
    "outputs": "outputs",
    "hidden layer": "hidden layer",
    "output layer": "output layer",
    "largest weight": "largest |w| {number}",
    "largest": "largest {number}",
    "weights": "weights",
    "gradients of weights": "gradients of weights",
    "positive": "positive (arrow)",
    "negative": "negative (bar)",
    "legend": "{what}:&#160; {positive}, {negative}; the wider the larger, on a scale for each "
              "layer; {more}",
    "biases in circles": "in the circles: the biases",
    "gradients in circles": "in the circles: those of the units",
    "weight of line": "weight {number}",
    "gradient of line": "gradient {number}",
    "none of line": "gradient none",
    "independent": "{count} gradients, independent of each other",
    "numbered": "{number}. {what}",
    "error": "error",
    "more units": "… {count} more",
    # Pictures of learning.
    "no font for": "no font here has the letters of {name}: boxes in the png pictures, right in "
                   "the svg; install one, such as Noto Sans CJK (apt-get install fonts-noto-cjk)",
    "iteration": "iteration",
    "loss": "loss",
    "running mean": "mini-batch, running mean",
    "held out": "held out",
    "undecided": "undecided",
    "unit range": "{unit}: {low} to {high}",
    "hidden neuron": "hidden neuron",
    "samples by class": "samples by class",
    "output of the neuron": "output of the neuron",
    "found": "found",
    "true": "true",
    "recall": "recall",
    "accuracy": "accuracy: {share} %",
    "largest class": "the largest class alone: {share} %",
    "iterations": "iterations 1 to {count}",
    "class": "class {number}",
    "before the training": "before the training",
    "after the training": "after the training",
}
# fmt: on
TEXTS = PAGE_TEXTS | PICTURE_TEXTS


@cache
def translations(folder: str | None, languages: tuple[str | None, ...]) -> NullTranslations:
    """Return the catalogue of a folder; gettext reads itself which languages there are."""
    return gettext.translation(DOMAIN, folder, fallback=True)


def in_language(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts in the reader's language, by their names."""
    languages = tuple(os.environ.get(name) for name in LANGUAGES)
    catalogue = translations(os.environ.get(FOLDER), languages)
    return {name: catalogue.gettext(text) for name, text in texts.items()}


def page_texts() -> dict[str, str]:
    """Return the texts that the stepper's script fills in, in the reader's language."""
    return in_language(PAGE_TEXTS)


def texts() -> dict[str, str]:
    """Return all texts of this catalogue in the reader's language, by their names."""
    return in_language(TEXTS)


def said(what: str, /, **fields: str) -> str:
    """Return a text in the reader's language, with what is told filled in."""
    return texts()[what].format(**fields)
