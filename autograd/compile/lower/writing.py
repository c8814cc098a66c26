"""Places as text: slots and shared numbers in a listing of a program, moving in its loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from autograd.compile.lower.program import Loop

Table = np.ndarray[Any, np.dtype[np.int32]]
MOST_LISTED = 4


def slots_text(slots: Table, most: int = MOST_LISTED, each: bool = False) -> str:
    """Return the text of places: s5, s5:9 for consecutive slots, p5 for shared numbers.

    Args: each: write one that stands for several as often as it does.

    >>> slots_text(np.array([5, 6, 7], np.int32)), slots_text(~np.array([4], np.int32))
    ('s5:8', 'p4')
    >>> slots_text(np.array([~4, 5, 6], np.int32))
    '(p4, s5, s6)'
    """
    # Biases may be of both kinds.
    if slots.min() < 0 <= slots.max():
        singles = np.split(slots, slots.size)
        texts = [slots_text(slot) for slot in singles]
        return f"({listed(', ', texts, most)})"
    letter = "s"
    if slots[0] < 0:
        letter = "p"
        slots = ~slots
    first = slots[0]
    if len(slots) == 1:
        return f"{letter}{first}"
    steps = np.diff(slots)
    if (steps == 1).all() and first >= 0:
        return f"{letter}{first}:{slots[-1] + 1}"
    if not each and not steps.any():
        return f"{letter}{first}"
    texts = [str(x) for x in slots]
    return f"{letter}[{listed(', ', texts, most)}]"


def listed(separator: str, texts: list[str], most: int = MOST_LISTED) -> str:
    """Return texts in a row, the middle left out where there are many."""
    left_out = len(texts) - most
    if left_out > 0:
        # The last one stays, as it shows how far they go.
        shown = texts[: most - 1]
        texts = [*shown, f"...({left_out} more)", texts[-1]]
    return separator.join(texts)


class Moving(NamedTuple):
    """A place in loops: where it is in the first turns, and by how much each turn moves it.

    Attributes: `moves`, pairs of a step and the name of the turns; `choices`, where it does not
    move evenly: the places of all turns, and the name of the turns.
    """

    first: int
    moves: tuple[tuple[int, str], ...] = ()
    choices: tuple[tuple[Moving, ...], str] | None = None

    @property
    def letter(self) -> str:
        """What it is: a slot or a shared number."""
        return "p" if self.first < 0 else "s"

    def text(self, further: int = 0, most: int = MOST_LISTED) -> str:
        """Return where it is, or the place so many further on: 5 + 3*turn.

        >>> Moving(5, ((3, "turn"),)).text(), Moving(~2, ((-1, "turn"),)).text()
        ('5 + 3*turn', '2 + turn')
        >>> Moving(5, (), ((Moving(5), Moving(9)), "turn")).text()
        '(5, 9)[turn]'
        """
        sign = -1 if self.first < 0 else 1
        moves = ""
        for step, turn in self.moves:
            moves += move_text(sign * step, turn)
        if self.choices:
            places, turn = self.choices
            texts = [place.text(further, most) for place in places]
            return f"({listed(', ', texts, most)})[{turn}]{moves}"
        # A shared number is written by its place, which is not below zero.
        first = ~self.first if self.first < 0 else self.first
        return f"{first + further}{moves}"


def move_text(step: int, turn: str) -> str:
    """Return what a loop adds to a place.

    >>> move_text(3, "turn"), move_text(-1, "turn")
    (' + 3*turn', ' - turn')
    """
    sign = "-" if step < 0 else "+"
    size = abs(step)
    if size == 1:
        return f" {sign} {turn}"
    return f" {sign} {size}*{turn}"


class Writing:
    """Writes places as they are outside of loops.

    Attributes: `most`, how many texts of one kind a line has; the others are left out.
    """

    depth = 0

    def __init__(self, most: int = MOST_LISTED) -> None:
        self.most = most

    def __call__(self, places: Table, each: bool = False) -> str:
        """Return the text of some places.

        Args: each: write one that stands for several as often as it does.
        """
        return slots_text(places, self.most, each)

    def listed(self, separator: str, texts: list[str]) -> str:
        """Return texts in a row, the middle left out where there are many."""
        return listed(separator, texts, self.most)

    def results(self, first: int, count: int) -> str:
        """Return the text of the slots of an instruction's results."""
        return f"s{first}:{first + count}"

    def results_at(self, first: int, members: Sequence[int]) -> str:
        """Return the text of some of these slots, counted from the first."""
        slots = [first + i for i in members]
        return self(np.array(slots, np.int32))

    def moving(self, places: Table) -> list[Moving]:
        """Return places that do not move."""
        return [Moving(place) for place in places.tolist()]

    def moves(self) -> tuple[tuple[int, str], ...]:
        """Return how results move: not at all."""
        return ()

    def inside(self, loop: Loop) -> WritingInLoop:
        """Return what writes places in the body of a loop."""
        return WritingInLoop(self, loop)


class WritingInLoop(Writing):
    """Writes the places of a loop's body, which are given by their numbers among all of these.

    Attributes: `turn`, what the number of a turn is called.
    """

    def __init__(self, outside: Writing, loop: Loop) -> None:
        super().__init__(outside.most)
        self.depth = outside.depth + 1
        self.turn = "turn" if self.depth == 1 else f"turn_{self.depth}"
        own_move = (loop.stride, self.turn)
        self.own_moves = (*outside.moves(), own_move)
        self.places = []
        first_turn = outside.moving(loop.first())
        steps = loop.steps.tolist()
        for place, step in zip(first_turn, steps):
            if step:
                moves = (*place.moves, (step, self.turn))
                place = place._replace(moves=moves)
            self.places.append(place)
        # What does not move evenly has a step of 0 until here.
        for number, column in zip(loop.irregular.tolist(), loop.table.T):
            places = tuple(outside.moving(column))
            first = places[0].first
            choices = (places, self.turn)
            self.places[number] = Moving(first, (), choices)

    def __call__(self, places: Table, each: bool = False) -> str:
        """Return the text of some places: see `Writing`."""
        return self.text_of(self.moving(places), each)

    def text_of(self, found: Sequence[Moving], each: bool = False) -> str:
        """Return the text of places that move."""
        if not any(place.moves or place.choices for place in found):
            still = [place.first for place in found]
            return slots_text(np.array(still, np.int32), self.most, each)
        start = found[0]
        if len(found) == 1:
            return self.single_text(start)
        if not each and len(set(found)) == 1:
            return self.single_text(start)
        # Biases may be of both kinds.
        letters = {place.letter for place in found}
        if len(letters) > 1:
            texts = [self.single_text(place) for place in found]
            return f"({self.listed(', ', texts)})"
        if side_by_side(found):
            return self.range_text(start, len(found))
        texts = [place.text(most=self.most) for place in found]
        return f"{start.letter}[{self.listed(', ', texts)}]"

    def single_text(self, place: Moving) -> str:
        """Return the text of one place."""
        return f"{place.letter}[{place.text(most=self.most)}]"

    def range_text(self, start: Moving, count: int) -> str:
        """Return the text of places that stand side by side."""
        return f"{start.letter}[{start.text()} : {start.text(count)}]"

    def results(self, first: int, count: int) -> str:
        """Return the text of the slots of an instruction's results."""
        start = Moving(first, self.own_moves)
        if count == 1:
            return f"s[{start.text()}]"
        return self.range_text(start, count)

    def results_at(self, first: int, members: Sequence[int]) -> str:
        """Return the text of some of these slots, counted from the first."""
        slots = [Moving(first + i, self.own_moves) for i in members]
        return self.text_of(slots)

    def moving(self, places: Table) -> list[Moving]:
        """Return the places with these numbers."""
        return [self.places[place] for place in places.tolist()]

    def moves(self) -> tuple[tuple[int, str], ...]:
        """Return how results move."""
        return self.own_moves


def side_by_side(places: Sequence[Moving]) -> bool:
    """Tell whether places are slots that stand side by side, and stay so."""
    start = places[0]
    first = start.first
    if first < 0:
        return False
    # In all else they are alike: how they move, and in which turns.
    return all(place == start._replace(first=slot) for slot, place in enumerate(places, first))
