"""What the playground says, in one catalogue, which is translated as the stepper's is.

>>> texts()["told iteration"]
'iteration'
"""

from __future__ import annotations

from autograd.texts import in_language

# fmt: off
TEXTS = {
    "title": "Playground: the two-layer network",
    "lead": "The network of the chapter learns to tell two classes apart, by Algorithm 3.1. Press "
            "Play, and change what you like.",
    "noscript": "The playground computes in this page, and needs JavaScript.",
    # What is pressed.
    "controls": "training",
    "play": "▶ Play",
    "pause": "⏸ Pause",
    "step": "Step",
    "many": "{number} steps",
    "reset": "Reset",
    "speed": "speed",
    "times": "steps per picture: {number}",
    # What is at the moment.
    "told iteration": "iteration",
    "told trainingLoss": "training loss",
    "told heldOutLoss": "held-out loss",
    "told accuracy": "training accuracy",
    "told heldOutAccuracy": "held-out accuracy",
    "is at": "Iteration {iteration}: training loss {loss}.",
    # The panels.
    "panel settings": "Settings",
    "panel boundary": "Decision boundary",
    "panel curves": "Loss",
    "panel network": "Network and weights",
    "panel units": "What each hidden unit answers",
    "panel weights": "The gradient of a weight: a sum over paths",
    "panel sample": "The loss of one sample, step by step",
    # The settings.
    "settings": "Settings",
    "the data": "the data",
    "the network": "the network",
    "the training": "the training",
    "data": "data set",
    "noise": "noise",
    "count": "samples",
    "held_out": "held out",
    "hidden": "hidden units p",
    "activation": "activation",
    "loss": "loss",
    "alpha": "step size α",
    "batch": "mini-batch b",
    "seed": "seed",
    "slider": "slider of {name}",
    "option moons": "moons",
    "option circles": "circles",
    "option xor": "XOR",
    "option spirals": "spirals",
    "option own": "your own",
    "option mse": "mean squared error",
    "option binary_cross_entropy": "binary cross entropy",
    "option cross_entropy": "cross entropy",
    "option hinge": "hinge",
    "option huber": "Huber",
    "own rows": "x1, x2 and a label, a row each",
    "own file": "or a CSV file",
    "use rows": "Use these rows",
    "number within": "{name}: a number from {least} to {most}, please.",
    "whole number within": "{name}: a whole number from {least} to {most}, please.",
    "three cells": "Line {line} has {count} cells; a row is x1, x2 and a label.",
    "no number in line": "Line {line}: {text} is no number.",
    "no label in line": "Line {line} has no label.",
    "two classes": "The rows have {count} different labels ({listed}); there have to be two.",
    # The pictures.
    "class": "class {name}",
    "held out": "held out (hollow)",
    "border": "decision boundary",
    "standardized": "Your columns are shown as the network gets them: each with mean 0 and "
                    "standard deviation 1 over the training samples.",
    "on training": "training samples",
    "on held out": "held-out samples",
    "positive": "positive weight",
    "negative": "negative weight; the wider the larger",
    "from to": "{least} to {most}",
    "boundary picture": "The plane with the samples and the decision boundary; right are "
                        "{accuracy} of the training and {heldOutAccuracy} of the held-out "
                        "samples.",
    "curves picture": "The loss over the iterations; now {training} on the training and {heldOut} "
                      "on the held-out samples.",
    "unit answers": "Answers of {name} over the plane, {range}.",
    "network picture": "The network; its lines are weights to press.",
    # The gradient of a weight.
    "weight": "weight",
    "choose a weight": "choose one",
    "sample": "training sample",
    "step through": "Step through this sample",
    "sample is": "Sample {number}: {inputs}; target {target}; the network says {outputs}.",
    "press a weight": "Press a weight of the network, or choose one here: its gradient opens. "
                      "Press a point of the plane for another sample.",
    "one product": "One path leads from {name} to {root}: the gradient is the product of the local "
                   "derivatives along it.",
    "products": "{count} paths lead from {name} to {root}: the gradient is the sum of the products "
                "of the local derivatives along them.",
    "no path leads": "No path leads from {name} to {root} at this sample: its gradient is 0.",
    "path": "path",
    "product": "product",
    "number": "number",
    "paths": "all paths",
    "sum of paths": "sum over all paths",
    "adjoint": "The backward pass has the same: the gradient of {name} is {number}.",
    "no adjoint": "The backward pass does not reach {name}.",
    # The stepper of a sample.
    "weights of": "sample {number}, weights of iteration {iteration}",
    "sample title": "Sample {number} after iteration {iteration}, step by step",
    "sample picture": "The computation graph of the loss of sample {number}.",
    "all steps": "All steps of both passes",
    "column step": "step",
    "column where": "where",
    "column what is computed": "what is computed",
    "column result": "result",
    # Above it in a notebook; alone in one that is not trusted.
    "not shown": ".save(\"page.html\") writes the playground as a page. A notebook shows it "
                 "where it is trusted.",
}
# fmt: on


def texts() -> dict[str, str]:
    """Return all texts in the reader's language, by their names."""
    return in_language(TEXTS)
