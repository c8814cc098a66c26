"""A class like that of microgpt, for programs that are written for one."""

from __future__ import annotations

import math
from typing import Any


class MicrogptValue:
    """A number with its children and the slopes by them."""

    __slots__ = ("data", "grad", "children", "local_grads")

    def __init__(self, data: Any, children: Any = (), local_grads: Any = ()) -> None:
        self.data = data
        self.grad = 0
        self.children = children
        self.local_grads = local_grads

    def __add__(self, other: Any) -> MicrogptValue:
        other = other if isinstance(other, MicrogptValue) else MicrogptValue(other)
        return MicrogptValue(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other: Any) -> MicrogptValue:
        other = other if isinstance(other, MicrogptValue) else MicrogptValue(other)
        return MicrogptValue(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other: Any) -> MicrogptValue:
        return MicrogptValue(self.data**other, (self,), (other * self.data ** (other - 1),))

    def log(self) -> MicrogptValue:
        return MicrogptValue(math.log(self.data), (self,), (1 / self.data,))

    def exp(self) -> MicrogptValue:
        return MicrogptValue(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self) -> MicrogptValue:
        return MicrogptValue(max(0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> MicrogptValue:
        return self * -1

    def __radd__(self, other: Any) -> MicrogptValue:
        return self + other

    def __sub__(self, other: Any) -> MicrogptValue:
        return self + (-other)

    def __rsub__(self, other: Any) -> MicrogptValue:
        return other + (-self)

    def __rmul__(self, other: Any) -> MicrogptValue:
        return self * other

    def __truediv__(self, other: Any) -> MicrogptValue:
        return self * other**-1

    def __rtruediv__(self, other: Any) -> MicrogptValue:
        return other * self**-1

    def backward(self) -> None:
        order: list[MicrogptValue] = []
        seen = set()

        def visit(node: MicrogptValue) -> None:
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            for child, slope in zip(node.children, node.local_grads):
                child.grad += slope * node.grad
