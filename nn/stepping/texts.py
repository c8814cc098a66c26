"""What a page about a training says, in one catalogue: its script fills in the same texts.

A translation is found as those of `autograd.texts` are, in the same folder and domain.

>>> said("slider of t", t="3", last="100")
'iteration 3, the last is 100'
"""

from __future__ import annotations

from autograd.texts import in_language

# fmt: off
TEXTS = {
    "heading": "Algorithm 3.1, line by line: {network}",
    "settings": "b = {b} of m = {m} samples, {optimizer}, T = {T}",
    "region": "A training, line by line. Left and right arrow: a line; Page Up and Page Down: an "
              "iteration; Home and End: the first and the last line.",
    # The lines of the algorithm.
    "algorithm": "Algorithm 3.1",
    "line 1": "Initialise the parameters w₀.",
    "line 2": "For t = 1 … T:",
    "line 3": "draw b of the m samples, uniformly at random and without replacement, as the "
              "mini-batch;",
    "line 3 of epochs": "take the next b samples of an epoch, in which all m were shuffled, as "
                        "the mini-batch;",
    "line 4": "forward: compute the hidden values layer by layer, up to the outputs of every "
              "sample;",
    "line 5": "compute the error with the loss function, and the gradient at the output layer;",
    "line 6": "backward: compute the gradients of the hidden layers, layer by layer;",
    "line 7": "compute the gradients of the connection weights, and update them: "
              "w ← w − α · (mean gradient over the mini-batch).",
    "line 7 of others": "compute the gradients of the connection weights, and update them by the "
                        "optimiser's rule.",
    # Controls.
    "steps": "Lines and iterations",
    "first": "First line",
    "iteration back": "One iteration back",
    "back": "One line back",
    "next": "Next line",
    "iteration on": "Next iteration",
    "last": "Last line",
    "play": "Play",
    "pause": "Pause",
    "iterations": "iteration",
    "slider of t": "iteration {t}, the last is {last}",
    "count": "t = {t} of {last}, line ({line})",
    "curve": "Error E of the mini-batch, from {first} in iteration {t} to {last} in iteration "
             "{end}; at most {most}",
    # What each line did, in a sentence.
    "did 1": "The parameters before iteration 1, as they were initialised.",
    "did 1 later": "The parameters before iteration {t}: an earlier training left them.",
    "did 2": "Iteration t = {t} of T = {T}, with the step size α = {alpha}.",
    "did 2 of groups": "Iteration t = {t} of T = {T}. Each group of parameters has its step size: "
                       "{alpha}.",
    "did 3": "{b} of the {m} samples are drawn; no sample is drawn twice.",
    "did 3 of epochs": "{b} samples come next in this epoch of {m}.",
    "did 4": "The {b} samples go through the network: its values by layer, and the outputs.",
    "did 5": "The error of the mini-batch is the mean over its samples: E = {number}.",
    "did 6": "The gradients of E by layer, from the outputs back.",
    "did 7": "All {count} parameters are updated at once: old → new.",
    "other loss": "The error of a sample is what the loss {name} gives.",
    # Tables.
    "sample": "sample",
    "index": "index",
    "parameter": "parameter",
    "old": "old",
    "gradient": "∂E/∂w",
    "new": "new",
    "value": "value",
    "one sample": "sample shown in lines",
    "whole": "every term of a sum",
    "one parameter": "parameter shown in lines",
    "numbered": "{s}: index {index}",
    "table of": "{what}, a table that scrolls",
    "layer": "hidden layer {number}: {units} units",
    "outputs": "outputs: {units}",
    "of layer": "layer {number}",
    "parameters": "parameters",
    "batch table": "the mini-batch: inputs and targets",
    "forward table": "values of every sample",
    "error table": "outputs, targets, errors and the gradient at the outputs",
    "gradients table": "gradients of E at the units of every sample",
    "update table": "the update of every parameter",
    "share": "E is the mean over the mini-batch, so the gradients of a sample are 1/{b} of those "
             "of its own error.",
    "digits": "Tables have four digits, lines as many as make them true, else ≈.",
    "more": "{count} more: choose one above to see it.",
    "off": "off: no path",
    # What there is not.
    "not kept": "{why} So there are no values, errors and gradients of single samples here; the "
                "numbers below are those of the mini-batch. Make the trainer with {way} to see "
                "them.",
    "compiled": "A compiled training keeps the mini-batch's sums only.",
    "elsewhere": "An executor's workers keep the graphs of their samples.",
    "no layers": "The network is no MLP, so what it computes between inputs and outputs has no "
                 "letters, and is not shown.",
    "by logits": "–: the loss is computed of b, what the activation of the outputs is applied to.",
    "dropout": "Dropout: before the next layer each h is multiplied by 0 or by {kept}; so sums "
               "behind it have no line here.",
    # The rules of the optimisers.
    "SGD": "w ← w − α · g",
    "SGD with momentum": "v ← {momentum} · v + g,  w ← w − α · v",
    "SGD with nesterov": "v ← {momentum} · v + g,  w ← w − α · (g + {momentum} · v)",
    "Adagrad": "s ← s + g²,  w ← w − α · g / (√s + {epsilon})",
    "RMSprop": "s ← {decay} · s + (1 − {decay}) · g²,  w ← w − α · g / (√s + {epsilon})",
    "Adam": "m ← {beta1} · m + (1 − {beta1}) · g,  s ← {beta2} · s + (1 − {beta2}) · g²,  "
            "w ← w − α · (m / (1 − {beta1}ᵗ)) / (√(s / (1 − {beta2}ᵗ)) + {epsilon})",
    "own rule": "the rule of {name}",
    "weight decay": "g ← g + {weight_decay} · w first",
    "weights decay": "w ← w · (1 − α · {weight_decay}) first",
    "l1": "g ← g + {l1} · sign(w) first",
    "clip norm": "the norm of all gradients is clipped to {clip_norm} first",
    "clip value": "each gradient is clipped to ±{clip_value} first",
    "group": "group {number}: {rule}",
    "velocity": "v after",
    "means": "m after",
    "squares": "s after",
    # Where scripts do not run.
    "all": "All iterations",
    "drawn": "samples drawn",
    "error": "E",
}
# fmt: on


def texts() -> dict[str, str]:
    """Return all texts in the reader's language, by their names."""
    return in_language(TEXTS)


def said(what: str, /, **fields: str) -> str:
    """Return a text in the reader's language, with what is told filled in."""
    return texts()[what].format(**fields)
