"""Write optimizer_vectors.json: 100 updates of each optimiser by PyTorch, in double precision.

    python benchmarks/trust/optimizer_vectors.py     (needs torch)

Every configuration names the class and the settings of ours that are to give the same weights.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch

FIRST = [1.0, -0.5, 0.25, 2.0, -1.5, 0.0]
UPDATES = 100
KEPT = (1, 2, 3, *range(10, UPDATES + 1, 10))

# Ours and its settings; PyTorch's and its settings.
OPTIMIZERS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("SGD", {}, "SGD", {}),
    ("SGD", {"weight_decay": 0.05}, "SGD", {"weight_decay": 0.05}),
    ("SGD", {"momentum": 0.8, "weight_decay": 0.05}, "SGD",
     {"momentum": 0.8, "weight_decay": 0.05}),
    ("SGD", {"momentum": 0.8, "nesterov": True}, "SGD", {"momentum": 0.8, "nesterov": True}),
    ("Nesterov", {"weight_decay": 0.05}, "SGD",
     {"momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("Adagrad", {}, "Adagrad", {}),
    ("Adagrad", {"weight_decay": 0.05}, "Adagrad", {"weight_decay": 0.05}),
    ("RMSprop", {}, "RMSprop", {"alpha": 0.9, "eps": 1e-8}),
    ("RMSprop", {"weight_decay": 0.05}, "RMSprop",
     {"alpha": 0.9, "eps": 1e-8, "weight_decay": 0.05}),
    ("Adam", {}, "Adam", {}),
    ("Adam", {"weight_decay": 0.05}, "Adam", {"weight_decay": 0.05}),
    ("AdamW", {"weight_decay": 0.05}, "AdamW", {"weight_decay": 0.05}),
    ("SGD", {"clip_norm": 1.5}, "SGD", {"clip_norm": 1.5}),
    ("Adam", {"clip_value": 0.75}, "Adam", {"clip_value": 0.75}),
    ("SGD", {"momentum": 0.5, "l1": 0.1}, "SGD", {"momentum": 0.5, "l1": 0.1}),
    ("AdamW", {"weight_decay": 0.1, "groups": 3}, "AdamW", {"weight_decay": 0.1, "groups": 3}),
]  # fmt: skip
SCHEDULES: list[dict[str, Any]] = [
    {"schedule": "Steps", "every": 30, "factor": 0.5},
    {"schedule": "Cosine", "updates": 100, "lowest": 0.1},
    {"schedule": "Linear", "updates": 90, "lowest": 0.2},
    {"schedule": "WarmUp", "updates": 10, "then": None},
    {"schedule": "WarmUp", "updates": 10,
     "then": {"schedule": "Cosine", "updates": 90, "lowest": 0.0}},
]  # fmt: skip
STEP_SIZE = 0.05


def gradient(weights: list[float], t: int) -> list[float]:
    """Return a gradient that moves about, depends on the weights, and is now and then 0."""
    return [
        (0.0 if (t + i) % 17 == 0 else math.sin(1.7 * t * (i + 1)) * (i + 1)) + 0.5 * w
        for i, w in enumerate(weights)
    ]


def scheduler(optimizer: Any, saved: dict[str, Any]) -> Any:
    """Return PyTorch's scheduler for one of ours."""
    schedulers = torch.optim.lr_scheduler
    kind = saved["schedule"]
    if kind == "Steps":
        return schedulers.StepLR(optimizer, saved["every"], saved["factor"])
    if kind == "Cosine":
        lowest = STEP_SIZE * saved["lowest"]
        return schedulers.CosineAnnealingLR(optimizer, saved["updates"], lowest)
    if kind == "Linear":
        return schedulers.LinearLR(optimizer, 1.0, saved["lowest"], saved["updates"])
    n = saved["updates"]
    first = schedulers.LinearLR(optimizer, 1.0 / n, 1.0, n - 1)
    if saved["then"] is None:
        return first
    then = scheduler(optimizer, saved["then"])
    return schedulers.SequentialLR(optimizer, [first, then], [n])


def weights_after(
    kind: str, settings: dict[str, Any], schedule: dict[str, Any] | None = None
) -> list[list[float]]:
    """Return the weights that PyTorch has after the updates that are kept."""
    settings = dict(settings)
    clip_norm = settings.pop("clip_norm", None)
    clip_value = settings.pop("clip_value", None)
    l1 = settings.pop("l1", 0.0)
    split = settings.pop("groups", len(FIRST))
    ws = [torch.tensor([w], dtype=torch.float64, requires_grad=True) for w in FIRST]
    groups: list[dict[str, Any]] = [{"params": ws[:split]}]
    if ws[split:]:
        groups.append({"params": ws[split:], "weight_decay": 0.0})
    optimizer = getattr(torch.optim, kind)(groups, lr=STEP_SIZE, **settings)
    following = scheduler(optimizer, schedule) if schedule else None
    kept = []
    for t in range(1, UPDATES + 1):
        for w, g in zip(ws, gradient([w.item() for w in ws], t)):
            w.grad = torch.tensor([g], dtype=torch.float64)
        if clip_norm:
            torch.nn.utils.clip_grad_norm_(ws, clip_norm)
        if clip_value:
            torch.nn.utils.clip_grad_value_(ws, clip_value)
        for w in ws:
            w.grad += l1 * torch.sign(w.detach())
        optimizer.step()
        if following:
            following.step()
        if t in KEPT:
            kept.append([w.item() for w in ws])
    return kept


def main() -> None:
    """Write the file beside this one."""
    cases: list[dict[str, Any]] = [
        {
            "optimizer": ours,
            "settings": settings,
            "schedule": None,
            "weights": weights_after(kind, theirs),
        }
        for ours, settings, kind, theirs in OPTIMIZERS
    ]
    for schedule in SCHEDULES:
        weights = weights_after("SGD", {"momentum": 0.8}, schedule)
        cases.append({"optimizer": "SGD", "settings": {"momentum": 0.8}, "schedule": schedule,
                      "weights": weights})  # fmt: skip
    content = {"torch": torch.__version__, "step_size": STEP_SIZE, "first": FIRST,
               "kept": KEPT, "cases": cases}  # fmt: skip
    path = Path(__file__).parents[2] / "tests" / "data" / "optimizer_vectors.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
