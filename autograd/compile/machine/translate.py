"""Functions of Python's, in the language of LLVM.

The loops of the machine and the functions of the table use little of Python: numbers, pointers to
them, branches and loops. That much is translated word by word. A function is translated once for
each combination of types that it is called with; a variable has one type, the widest that it is
given. Division by zero and the like give what IEEE 754 says.

>>> from autograd.scalar_math import ieee_log
>>> text = Module().with_function("f", source_of(ieee_log), [ir.DOUBLE]).text()
>>> print(text.splitlines()[0])
define internal double @ieee_log.0(double %a0) alwaysinline {
"""

from __future__ import annotations

import ast
import builtins
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from autograd.compile.machine import ir
from autograd.compile.machine.ir import BIT, DOUBLE, INTEGER, NUMBERS, POINTER, TUPLE, Body, Operand
from autograd.compile.sources import Source, source_of

Function = TypeVar("Function", bound=Callable[..., Any])
SIGNS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.FloorDiv: "//",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
ORDERS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
COMPILE_TIME = (ast.Name, ast.Constant, ast.Attribute)
# Of a function's types; two are enough for all that there is.
ROUNDS_TO_FIXED_POINT = 10
LIBM = "libm"
END_OF_INTEGERS = 2**63


class Untranslatable(TypeError):
    """A function that has what is not translated; the text says what."""


def never_inlined(function: Function) -> Function:
    """Mark a function that is called, and not written out where it is called."""
    function.__dict__["inlined"] = False
    return function


def flags(text: str) -> Callable[[Function], Function]:
    """Mark a function whose operations may do more than IEEE 754 says: "reassoc", "contract"."""

    def mark(function: Function) -> Function:
        function.__dict__["flags"] = text
        return function

    return mark


class Emitter:
    """What kernels call and Python has not: a function of a body and operands that writes lines."""

    def __init__(self, write: Callable[..., Operand | None]) -> None:
        self.write = write
        self.__name__ = write.__name__
        self.__doc__ = write.__doc__

    def __call__(self, *operands: object) -> Any:
        """Refuse: Python has no such function."""
        raise TypeError(f"{self.__name__} is only there in compiled code")


class Module:
    """Functions that are compiled together, as text.

    Args: instead: functions in place of others, such as of one's own in place of C's.
    """

    def __init__(self, instead: Mapping[Any, Any] | None = None) -> None:
        self.instead = instead or {}
        self.functions: list[str] = []
        self.declared: dict[str, str] = {}
        self.instances: dict[Any, tuple[str, Operand]] = {}

    def with_function(
        self,
        name: str,
        source: Source,
        types: Sequence[str | tuple[str, str]],
        known: Sequence[Operand] = (),
    ) -> Module:
        """Add a function that can be called from outside, by C's conventions.

        Args:
            types: of the arguments; of a pointer a pair, with the type of what it points to.
            known: what the last arguments are, whatever is passed.
        """
        operands = [parameter(i, type_) for i, type_ in enumerate(types)]
        unknown = len(operands) - len(known)
        # It only calls the function, into which LLVM can write the known arguments then.
        passed = [*operands[:unknown], *known]
        inner, result = self.instance(source, passed)
        body = Body()
        type_ = type_text(result)
        arguments = ir.listed(passed)
        call = f"call {type_} @{inner}({arguments})"
        if result.type == "void":
            body.do(call)
            body.do("ret void")
        else:
            found = body.let(call)
            body.do(f"ret {type_} {found}")
        text = function_text("", name, operands, result, body, "")
        self.functions.append(text)
        return self

    def instance(self, source: Source, operands: Sequence[Operand]) -> tuple[str, Operand]:
        """Return the name of a function for operands of these types, and the kind of its result."""
        kinds = tuple(x.kind for x in operands)
        key = source, kinds
        if key not in self.instances:
            number = len(self.instances)
            name = f"{source.name}.{number}"
            # Who meets this while it is being written has called itself.
            self.instances[key] = name, Operand(UNDER_WAY, "")
            result = self.add(source, name, operands)
            self.instances[key] = name, result
        name, result = self.instances[key]
        if result.type == UNDER_WAY:
            raise Untranslatable(f"{source.name} calls itself, which is not translated")
        return name, result

    def add(self, source: Source, name: str, operands: Sequence[Operand]) -> Operand:
        """Add a function that others call, and return the kind of its result."""
        arguments = [renamed(x, i) for i, x in enumerate(operands)]
        writer, result = written(self, source, arguments)
        body = writer.body
        inlined = source.marks.get("inlined", True)
        attributes = " alwaysinline" if inlined else " noinline"
        self.declared |= body.declared
        text = function_text("internal ", name, arguments, result, body, attributes)
        self.functions.append(text)
        return result

    def text(self) -> str:
        """Return all functions, and what is declared for them."""
        names = sorted(self.declared)
        declared = [self.declared[name] for name in names]
        lines = [*self.functions, *declared, ir.METADATA]
        return "\n".join(lines)


def parameter(i: int, type_: str | tuple[str, str]) -> Operand:
    """Return the i-th argument of a function."""
    name = f"%a{i}"
    if isinstance(type_, tuple):
        pointer, element = type_
        return Operand(pointer, name, element)
    return Operand(type_, name)


def renamed(x: Operand, i: int) -> Operand:
    """Return what an operand is inside the function that it is passed to."""
    return x._replace(text=f"%a{i}")


def type_text(x: Operand) -> str:
    """Return the type of a result as LLVM writes it."""
    if x.type == TUPLE:
        types = ", ".join(part.type for part in x.parts)
        return f"{{{types}}}"
    return x.type


def function_text(
    linkage: str, name: str, arguments: Sequence[Operand], result: Operand, body: Body, more: str
) -> str:
    """Return the text of a function."""
    type_ = type_text(result)
    listed = ir.listed(arguments)
    head = f"define {linkage}{type_} @{name}({listed}){more} {{"
    lines = [head, "entry:", *body.variables, *body.lines, "}"]
    return "\n".join(lines)


def whole(body: Body, x: Operand) -> str:
    """Return the text of a result; a tuple is put together first."""
    if x.type != TUPLE:
        return x.text
    type_ = type_text(x)
    text = "poison"
    for i, part in enumerate(x.parts):
        text = body.let(f"insertvalue {type_} {text}, {part.typed}, {i}")
    return text


def called(
    body: Body, name: str, result: Operand, operands: Sequence[Operand], convention: str = ""
) -> Operand:
    """Call a function of the module, and return its result, of which the kind is given."""
    type_ = type_text(result)
    arguments = ir.listed(operands)
    call = f"call {convention}{type_} @{name}({arguments})"
    if result.type == "void":
        body.do(call)
        return result
    found = body.let(call)
    if result.type != TUPLE:
        return result._replace(text=found)
    # A tuple is one number to LLVM, and several here.
    parts: list[Operand] = []
    for i, part in enumerate(result.parts):
        one = body.let(f"extractvalue {type_} {found}, {i}")
        parts.append(part._replace(text=one))
    return ir.joined(parts)


def written(
    module: Module, source: Source, arguments: Sequence[Operand]
) -> tuple[FunctionWriter, Operand]:
    """Return a function's writer, done, and the kind of its result.

    The types of variables are found by writing: where one turns out wider, it is written again.
    """
    types: dict[str, Operand] = {}
    nothing = Operand("void", "")
    for _ in range(ROUNDS_TO_FIXED_POINT):
        writer = FunctionWriter(module, source, arguments, dict(types))
        writer.run()
        if writer.types == types:
            result = types.get(RESULT, nothing)
            return writer, result
        types = writer.types
    raise Untranslatable(f"{source.name} has variables of changing types")


# The type of what a function returns while it is being translated.
UNDER_WAY = "under way"
# The name of the variable that holds a function's result: no name in Python.
RESULT = "return"
# Where a variable stands: of a tuple, a place for each part.
Place = str | list["Place"]
# What writes one of two operands, and whether that is cheap, so that it may be written anyway.
Side = tuple[Callable[[], Operand], bool]


class FunctionWriter:
    """Writes one function for arguments of given types."""

    def __init__(
        self,
        module: Module,
        source: Source,
        arguments: Sequence[Operand],
        types: dict[str, Operand],
    ) -> None:
        self.module = module
        self.source = source
        self.names = source.names
        self.types = types
        self.places: dict[str, Place] = {}
        permitted = source.marks.get("flags", "")
        self.body = Body(permitted)
        self.end = "end"
        self.own_math = self.names.get("OWN_MATH", False)
        self.arguments = dict(zip(source.parameters, arguments, strict=True))

    def refuse(self, node: ast.AST) -> Untranslatable:
        """Return the error for what is not translated."""
        text = f"{ast.unparse(node)!r:.60}"
        return Untranslatable(f"{self.source.name}: {text} is not translated")

    def run(self) -> None:
        """Write all lines."""
        body = self.body
        for name, x in self.arguments.items():
            self.assign(name, x)
        self.block(self.source.body)
        body.begin(self.end)
        result = self.types.get(RESULT)
        if result is None:
            body.do("ret void")
            return
        found = self.variable(RESULT)
        text = whole(body, found)
        body.do(f"ret {type_text(result)} {text}")

    # Variables.

    def assign(self, name: str, x: Operand) -> None:
        """Set a variable, which becomes as wide as it has to be."""
        known = self.types.get(name)
        own = x._replace(text="")
        kind = unified(known, x) if known else own
        if kind is None:
            raise Untranslatable(f"{self.source.name}: {name} is a number and a pointer")
        self.types[name] = kind
        place = self.place(name, kind)
        self.store(place, kind, x)

    def place(self, name: str, kind: Operand) -> Place:
        """Return where a variable stands."""
        if name not in self.places:
            self.places[name] = self.reserved(kind)
        return self.places[name]

    def reserved(self, kind: Operand) -> Place:
        """Reserve the places of a variable of some kind."""
        if kind.type == TUPLE:
            return [self.reserved(part) for part in kind.parts]
        return self.body.place(kind.type)

    def store(self, place: Place, kind: Operand, x: Operand) -> None:
        """Write an operand to the places of a variable."""
        body = self.body
        if isinstance(place, list):
            parts = zip(place, kind.parts, x.parts)
            for part_place, part_kind, part in parts:
                self.store(part_place, part_kind, part)
            return
        if kind.type != POINTER:
            x = ir.converted(body, x, kind.type)
        body.do(f"store {x.typed}, ptr {place}")

    def variable(self, name: str) -> Operand:
        """Return what a variable holds."""
        kind = self.types[name]
        place = self.place(name, kind)
        return self.held(place, kind)

    def held(self, place: Place, kind: Operand) -> Operand:
        """Return what stands at the places of a variable."""
        if isinstance(place, list):
            parts = map(self.held, place, kind.parts)
            return ir.joined(parts)
        text = self.body.let(f"load {kind.type}, ptr {place}")
        return kind._replace(text=text)

    # Statements.

    def write_pass(self, node: ast.Pass) -> None:
        """Write nothing."""

    def block(self, nodes: Sequence[ast.stmt]) -> None:
        """Write statements, up to one that leaves the block."""
        for node in nodes:
            if self.body.ended:
                return
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        """Write a statement."""
        kind = type(node).__name__.lower()
        write = getattr(self, f"write_{kind}", None)
        if write is None:
            raise self.refuse(node)
        write(node)

    def write_expr(self, node: ast.Expr) -> None:
        """Write an expression that stands alone; a docstring is left out."""
        if not isinstance(node.value, ast.Constant):
            self.expression(node.value)

    def write_return(self, node: ast.Return) -> None:
        """Write a return."""
        if node.value is not None:
            found = self.expression(node.value)
            self.assign(RESULT, found)
        self.body.jump(self.end)

    def write_assign(self, node: ast.Assign) -> None:
        """Write an assignment."""
        target, *others = node.targets
        if others:
            raise self.refuse(node)
        found = self.expression(node.value)
        self.assign_to(target, found)

    def assign_to(self, target: ast.expr, x: Operand) -> None:
        """Set a variable, several, or an element."""
        if isinstance(target, ast.Name):
            self.assign(target.id, x)
        elif isinstance(target, ast.Tuple):
            if len(target.elts) != len(x.parts):
                raise self.refuse(target)
            for name, part in zip(target.elts, x.parts, strict=True):
                self.assign_to(name, part)
        elif isinstance(target, ast.Subscript):
            place = self.address(target)
            ir.stored(self.body, x, place)
        else:
            raise self.refuse(target)

    def write_augassign(self, node: ast.AugAssign) -> None:
        """Write an assignment such as `x += 1`."""
        body = self.body
        sign = SIGNS[type(node.op)]
        if isinstance(node.target, ast.Subscript):
            place = self.address(node.target)
            right = self.expression(node.value)
            left = ir.loaded(body, place)
            found = ir.arithmetic(body, sign, left, right)
            ir.stored(body, found, place)
            return
        left = self.expression(node.target)
        right = self.expression(node.value)
        found = ir.arithmetic(body, sign, left, right)
        self.assign_to(node.target, found)

    def write_if(self, node: ast.If) -> None:
        """Write a branch; of one whose condition is known, the part that is taken."""
        body = self.body
        certain = self.certain(node.test)
        if certain is not None:
            self.block(node.body if certain else node.orelse)
            return
        there, otherwise, after = body.labels(3)
        condition = self.condition(node.test)
        elsewhere = otherwise if node.orelse else after
        body.branch(condition.text, there, elsewhere)
        body.begin(there)
        self.block(node.body)
        # What returned has its jump already, and gets no other.
        body.jump(after)
        if node.orelse:
            body.begin(otherwise)
            self.block(node.orelse)
            body.jump(after)
        body.begin(after)

    def write_while(self, node: ast.While) -> None:
        """Write a loop with a condition."""
        body = self.body
        if node.orelse:
            raise self.refuse(node)
        test, inside, after = body.labels(3)
        body.begin(test)
        condition = self.condition(node.test)
        body.branch(condition.text, inside, after)
        body.begin(inside)
        self.block(node.body)
        body.jump(test)
        body.begin(after)

    def write_for(self, node: ast.For) -> None:
        """Write a loop over a range."""
        body = self.body
        call = node.iter
        target = node.target
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "range":
            raise self.refuse(node)
        if not isinstance(target, ast.Name) or node.orelse:
            raise self.refuse(node)
        start, stop, step = self.bounds(call)
        # Whether it goes up or down has to be known.
        if not ir.is_whole(step.text):
            raise self.refuse(node)
        # The counter has a place of its own: what the body sets its name to changes no turn.
        counter = body.place(INTEGER)
        body.do(f"store {start.typed}, ptr {counter}")
        test, inside, after = body.labels(3)
        body.begin(test)
        loaded = body.let(f"load i64, ptr {counter}")
        now = Operand(INTEGER, loaded)
        sign = ">" if step.text.startswith("-") else "<"
        going = ir.compared(body, sign, now, stop)
        body.branch(going.text, inside, after)
        body.begin(inside)
        self.assign(target.id, now)
        self.block(node.body)
        if not body.ended:
            following = body.let(f"add nsw {now.typed}, {step.text}")
            body.do(f"store i64 {following}, ptr {counter}")
        body.jump(test)
        body.begin(after)

    def bounds(self, call: ast.Call) -> tuple[Operand, Operand, Operand]:
        """Return start, stop and step of a range."""
        numbers = map(self.expression, call.args)
        found = [ir.converted(self.body, number, INTEGER) for number in numbers]
        if len(found) == 1:
            found = [ir.constant(0), *found]
        if len(found) == 2:
            found.append(ir.constant(1))
        start, stop, step = found
        return start, stop, step

    # Expressions.

    def expression(self, node: ast.expr) -> Operand:
        """Return the operand that an expression comes to."""
        kind = type(node).__name__.lower()
        write = getattr(self, f"of_{kind}", None)
        if write is None:
            raise self.refuse(node)
        found: Operand = write(node)
        return found

    def of_constant(self, node: ast.Constant) -> Operand:
        """Return a number."""
        return self.number(node.value, node)

    def number(self, x: object, node: ast.AST) -> Operand:
        """Return a number, or a tuple of them."""
        if isinstance(x, float):
            return ir.constant(x)
        if isinstance(x, int) and -END_OF_INTEGERS <= x < END_OF_INTEGERS:
            return ir.constant(x)
        raise self.refuse(node)

    def of_name(self, node: ast.Name) -> Operand:
        """Return a variable, or a number that the function's module has."""
        if node.id in self.types:
            return self.variable(node.id)
        found = self.meaning(node)
        return self.number(found, node)

    def of_attribute(self, node: ast.Attribute) -> Operand:
        """Return a number that a module has."""
        found = self.meaning(node)
        return self.number(found, node)

    def meaning(self, node: ast.expr) -> Any:
        """Return what a name, or a name of a module's, stands for in Python."""
        if isinstance(node, ast.Name):
            if node.id in self.types:
                raise self.refuse(node)
            builtin = getattr(builtins, node.id, None)
            found = self.names.get(node.id, builtin)
        elif isinstance(node, ast.Attribute):
            module = self.meaning(node.value)
            if not isinstance(module, ModuleType):
                raise self.refuse(node)
            found = getattr(module, node.attr)
        else:
            raise self.refuse(node)
        if found is None:
            raise self.refuse(node)
        return found

    def of_binop(self, node: ast.BinOp) -> Operand:
        """Return the result of an operation on two operands."""
        body = self.body
        left = self.expression(node.left)
        right = self.expression(node.right)
        if isinstance(node.op, ast.Pow):
            return power(body, left, right)
        sign = SIGNS.get(type(node.op))
        if sign is None:
            raise self.refuse(node)
        # Of floats they are functions of C's and some more: the table restates its own.
        types = {ir.one_of(left.type), ir.one_of(right.type)}
        of_floats = not types.isdisjoint(NUMBERS)
        if sign in ("//", "%") and of_floats:
            raise self.refuse(node)
        return ir.arithmetic(body, sign, left, right)

    def of_unaryop(self, node: ast.UnaryOp) -> Operand:
        """Return a negation."""
        body = self.body
        if isinstance(node.op, ast.Not):
            condition = self.condition(node.operand)
            return ir.opposite(body, condition)
        x = self.expression(node.operand)
        if isinstance(node.op, ast.Invert):
            return ir.inverted(body, x)
        if not isinstance(node.op, ast.USub):
            raise self.refuse(node)
        return negative(body, x)

    def of_compare(self, node: ast.Compare) -> Operand:
        """Return a comparison, or a chain of them."""
        body = self.body
        # Python may not come to those behind the second.
        later = node.comparators[1:]
        if not all(map(self.is_cheap, later)):
            raise self.refuse(node)
        sides = [node.left, *node.comparators]
        values = [self.expression(side) for side in sides]
        neighbours = zip(node.ops, values, values[1:])
        found = None
        for op, x, y in neighbours:
            order = ORDERS.get(type(op))
            if order is None:
                raise self.refuse(node)
            one = ir.compared(body, order, x, y)
            found = ir.arithmetic(body, "&", found, one) if found else one
        # A comparison has two sides at least.
        assert found is not None
        return found

    def condition(self, node: ast.expr) -> Operand:
        """Return whether an expression is true."""
        if isinstance(node, ast.BoolOp):
            return self.connected(node, self.condition)
        found = self.expression(node)
        return ir.truth(self.body, found)

    def of_boolop(self, node: ast.BoolOp) -> Operand:
        """Return `and` or `or` of what is True or False: of numbers, Python returns one of them."""
        return self.connected(node, self.bit)

    def bit(self, node: ast.expr) -> Operand:
        """Return an expression that is True or False.

        Raises: Untranslatable: it is another number.
        """
        found = self.expression(node)
        if ir.one_of(found.type) != BIT:
            raise self.refuse(node)
        return found

    def connected(self, node: ast.BoolOp, ask: Callable[[ast.expr], Operand]) -> Operand:
        """Return `and` or `or` of conditions; the later are asked only where it takes them."""
        first, *values = node.values
        found = ask(first)
        is_and = isinstance(node.op, ast.And)
        # What the later ones cannot change: False of `and`, True of `or`.
        answer = partial(ir.constant, not is_and)
        decided: Side = (answer, True)
        for value in values:
            is_cheap = self.is_cheap(value)
            later: Side = (partial(ask, value), is_cheap)
            if is_and:
                found = self.either(found, later, decided, node)
            else:
                found = self.either(found, decided, later, node)
        return found

    def of_ifexp(self, node: ast.IfExp) -> Operand:
        """Return a choice."""
        certain = self.certain(node.test)
        if certain is not None:
            return self.expression(node.body if certain else node.orelse)
        condition = self.condition(node.test)
        first = self.side(node.body)
        second = self.side(node.orelse)
        return self.either(condition, first, second, node)

    def side(self, node: ast.expr) -> Side:
        """Return an expression as one of two that may be asked for."""
        write = partial(self.expression, node)
        return write, self.is_cheap(node)

    def either(self, condition: Operand, first: Side, second: Side, node: ast.expr) -> Operand:
        """Return one of two; both are computed where that is cheap: loops have no branch then."""
        body = self.body
        write, is_cheap = first
        write_other, other_is_cheap = second
        if is_cheap and other_is_cheap:
            x = write()
            y = write_other()
            return ir.chosen(body, condition, x, y)
        # A variable that no name of Python's can be takes the result past both branches.
        there, elsewhere, after = body.labels(3)
        name = f"choice {node.lineno}.{node.col_offset}.{there}"
        body.branch(condition.text, there, elsewhere)
        body.begin(there)
        self.assign(name, write())
        body.jump(after)
        body.begin(elsewhere)
        self.assign(name, write_other())
        body.jump(after)
        body.begin(after)
        return self.variable(name)

    def is_cheap(self, node: ast.expr) -> bool:
        """Tell whether an expression calls nothing, reads no memory and divides no integers.

        What it reads need not be there, and a whole number divided by 0 ends the process.
        """
        parts = list(ast.walk(node))
        for part in parts:
            if isinstance(part, ast.Subscript) or divides(part):
                return False
        called = [part.func for part in parts if isinstance(part, ast.Call)]
        return all(self.meaning(function) in CHEAP for function in called)

    def of_tuple(self, node: ast.Tuple) -> Operand:
        """Return several operands as one."""
        parts = map(self.expression, node.elts)
        return ir.joined(parts)

    def of_subscript(self, node: ast.Subscript) -> Operand:
        """Return an element of what a pointer points to, or of a tuple of constants."""
        value = node.value
        # A name of the module's is no pointer, but may be a table of numbers.
        if isinstance(value, ast.Name) and value.id not in self.types:
            numbers = self.meaning(value)
            if isinstance(numbers, tuple) and isinstance(node.slice, ast.Constant):
                place = int(str(node.slice.value))
                return self.number(numbers[place], node)
        address = self.address(node)
        return ir.loaded(self.body, address)

    def address(self, node: ast.Subscript) -> Operand:
        """Return where an element stands."""
        pointer = self.expression(node.value)
        if pointer.type != POINTER:
            raise self.refuse(node)
        index = self.expression(node.slice)
        return ir.element(self.body, pointer, index)

    def of_call(self, node: ast.Call) -> Operand:
        """Return the result of a call."""
        function = self.meaning(node.func)
        if node.keywords:
            raise self.refuse(node)
        # What stands in place of C's functions is written with C's functions.
        if not self.own_math:
            function = self.module.instead.get(function, function)
        operands = [self.expression(x) for x in node.args]
        return self.called(function, operands, node)

    def called(self, function: Any, operands: Sequence[Operand], node: ast.AST) -> Operand:
        """Return the result of a function for operands."""
        body = self.body
        if isinstance(function, Emitter):
            nothing = Operand("void", "")
            return function.write(body, *operands) or nothing
        if function in FUNCTIONS:
            write = FUNCTIONS[function]
            return write(body, *operands)
        source = source_of(function) if isinstance(function, FunctionType) else function
        if not isinstance(source, Source):
            raise self.refuse(node)
        if len(source.parameters) != len(operands):
            raise self.refuse(node)
        name, result = self.module.instance(source, operands)
        return called(body, name, result, operands)

    def certain(self, node: ast.expr) -> bool | None:
        """Return the truth of a condition on Python's types, where all numbers are floats."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            found = self.certain(node.operand)
            return None if found is None else not found
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
            _, type_ = node.args
            asked = self.meaning(type_)
            is_no_float = asked in (Fraction, complex)
            return False if is_no_float else None
        text = ast.unparse(node)
        asks_for_float = text.startswith("type(") and text.endswith(") is float")
        return True if asks_for_float else None


def divides(node: ast.AST) -> bool:
    """Tell whether something is divided with a rest, by what may be 0."""
    if not isinstance(node, ast.BinOp):
        return False
    if not isinstance(node.op, (ast.FloorDiv, ast.Mod)):
        return False
    divisor = node.right
    is_known = isinstance(divisor, ast.Constant) and bool(divisor.value)
    return not is_known


def unified(known: Operand, x: Operand) -> Operand | None:
    """Return the kind of a variable that holds both; None where there is none."""
    if known.type == x.type == TUPLE and len(known.parts) == len(x.parts):
        parts = tuple(map(unified, known.parts, x.parts))
        if None in parts:
            return None
        return known._replace(parts=parts)
    # There is no common type of a pointer and anything else.
    types = {known.type, x.type}
    if not types.isdisjoint((POINTER, TUPLE)):
        return known if known.kind == x.kind else None
    type_ = ir.common_type(known.type, x.type)
    return Operand(type_, "")


# What Python and C have.


def negative(body: Body, x: Operand) -> Operand:
    """Return -x."""
    if ir.one_of(x.type) in NUMBERS:
        found = body.let(f"fneg {x.typed}")
        return Operand(x.type, found)
    if x.text.isdigit():
        number = int(x.text)
        return ir.constant(-number)
    zero = ir.constant(0)
    return ir.arithmetic(body, "-", zero, x)


def power(body: Body, x: Operand, y: Operand) -> Operand:
    """Return x to a power; a whole number as an exponent means so many factors."""
    is_number = y.type == INTEGER and y.text.isdigit()
    factors = int(y.text) if is_number else 0
    # C's function rounds once, so longer products would be less exact.
    if not 0 < factors < 4:
        write = of_c("pow")
        return write(body, x, y)
    found = x
    for _ in range(factors - 1):
        found = ir.arithmetic(body, "*", found, x)
    return found


def of_c(name: str) -> Callable[..., Operand]:
    """Return what calls a function of doubles of the C library, for each lane of a vector."""

    def call(body: Body, *operands: Operand) -> Operand:
        # Computed in doubles also of floats, and rounded once.
        lanes = most_lanes(operands)
        type_ = ir.vector(DOUBLE, lanes)
        doubles = [ir.converted(body, x, type_) for x in operands]
        if lanes > 1:
            found = lane_by_lane(body, name, doubles)
        else:
            one = body.call(DOUBLE, name, *doubles)
            found = Operand(DOUBLE, one)
        result = ir.vector(width_of(operands), lanes)
        return ir.converted(body, found, result)

    return call


def most_lanes(operands: Sequence[Operand]) -> int:
    """Return how many numbers the longest of some operands has."""
    return max(ir.lanes_of(x.type) for x in operands)


def width_of(operands: Sequence[Operand]) -> str:
    """Return the type of what comes of numbers: a float of nothing but floats, else a double."""
    types = {ir.one_of(x.type) for x in operands}
    only_floats = types == {ir.FLOAT}
    return ir.FLOAT if only_floats else DOUBLE


def lane_by_lane(body: Body, name: str, operands: Sequence[Operand]) -> Operand:
    """Return the results of a function of C's for each lane of vectors."""
    type_ = operands[0].type
    lanes = ir.lanes_of(type_)
    found = "poison"
    for lane in range(lanes):
        numbers: list[Operand] = []
        for x in operands:
            part = body.let(f"extractelement {x.typed}, i32 {lane}")
            numbers.append(Operand(DOUBLE, part))
        one = body.call(DOUBLE, name, *numbers)
        found = body.let(f"insertelement {type_} {found}, double {one}, i32 {lane}")
    return Operand(type_, found)


SUFFIXES = {ir.FLOAT: "f32", DOUBLE: "f64"}


def of_llvm(name: str) -> Callable[..., Operand]:
    """Return what calls a function of LLVM's for numbers, or vectors, of one type."""

    def call(body: Body, *operands: Operand) -> Operand:
        lanes = most_lanes(operands)
        one = width_of(operands)
        type_ = ir.vector(one, lanes)
        numbers = [ir.converted(body, x, type_) for x in operands]
        # LLVM has a function for each type, and names it so.
        count = f"v{lanes}" if lanes > 1 else ""
        suffix = SUFFIXES[one]
        full_name = f"llvm.{name}.{count}{suffix}"
        found = body.call(type_, full_name, *numbers)
        return Operand(type_, found)

    return call


def size(body: Body, x: Operand) -> Operand:
    """Return the absolute value."""
    if ir.one_of(x.type) in NUMBERS:
        write = of_llvm("fabs")
        return write(body, x)
    zero = ir.constant(0)
    is_below = ir.compared(body, "<", x, zero)
    opposite = negative(body, x)
    return ir.chosen(body, is_below, opposite, x)


def outermost(body: Body, sign: str, xs: Sequence[Operand]) -> Operand:
    """Return the number that stands in an order before all others, of equal ones the first."""
    found, *others = xs
    for x in others:
        is_before = ir.compared(body, sign, x, found)
        found = ir.chosen(body, is_before, x, found)
    return found


def smaller(body: Body, *xs: Operand) -> Operand:
    """Return the least of some numbers, of equal ones the first."""
    return outermost(body, "<", xs)


def larger(body: Body, *xs: Operand) -> Operand:
    """Return the greatest of some numbers, of equal ones the first."""
    return outermost(body, ">", xs)


def same(body: Body, x: Operand) -> Operand:
    """Return x."""
    return x


def operation(sign: str, body: Body, x: Operand, y: Operand) -> Operand:
    """Return the result of an operator."""
    return ir.arithmetic(body, sign, x, y)


def as_double(body: Body, x: Operand) -> Operand:
    """Return a number as a double."""
    lanes = ir.lanes_of(x.type)
    type_ = ir.vector(DOUBLE, lanes)
    return ir.converted(body, x, type_)


def as_integer(body: Body, x: Operand) -> Operand:
    """Return a number as an integer, towards zero."""
    lanes = ir.lanes_of(x.type)
    type_ = ir.vector(INTEGER, lanes)
    return ir.converted(body, x, type_)


def is_nan(body: Body, x: Operand) -> Operand:
    """Tell whether a number is NaN."""
    return ir.compared(body, "!=", x, x)


def is_infinite(body: Body, x: Operand) -> Operand:
    """Tell whether a number is infinite."""
    infinity = ir.constant(math.inf)
    absolute = size(body, x)
    return ir.compared(body, "==", absolute, infinity)


def is_finite(body: Body, x: Operand) -> Operand:
    """Tell whether a number is neither infinite nor NaN."""
    infinity = ir.constant(math.inf)
    absolute = size(body, x)
    return ir.compared(body, "<", absolute, infinity)


# Roundings to integers, which stay floats: down, up, to the next (of two the even one), to zero.
rounded_down = Emitter(of_llvm("floor"))
rounded_up = Emitter(of_llvm("ceil"))
rounded_to_even = Emitter(of_llvm("rint"))
rounded_to_zero = Emitter(of_llvm("trunc"))

FUNCTIONS: dict[Any, Callable[..., Operand]] = {
    abs: size,
    float: as_double,
    int: as_integer,
    bool: ir.truth,
    max: larger,
    min: smaller,
    operator.add: partial(operation, "+"),
    operator.sub: partial(operation, "-"),
    operator.mul: partial(operation, "*"),
    operator.truediv: partial(operation, "/"),
    operator.neg: negative,
    operator.pos: same,
    math.fabs: size,
    math.sqrt: of_llvm("sqrt"),
    math.copysign: of_llvm("copysign"),
    math.isnan: is_nan,
    math.isinf: is_infinite,
    math.isfinite: is_finite,
}
CHEAP = {
    abs,
    float,
    int,
    bool,
    max,
    min,
    math.fabs,
    math.copysign,
    math.isnan,
    math.isinf,
    math.isfinite,
}
# What C calls functions of `math`, where it has another name.
# fmt: off
IN_C = {
    getattr(math, name): {"gamma": "tgamma"}.get(name, name)
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf",
        "erfc", "exp", "exp2", "expm1", "fmod", "gamma", "hypot", "lgamma", "log", "log10", "log1p",
        "log2", "pow", "remainder", "sin", "sinh", "tan", "tanh",
    )
}
# fmt: on
FUNCTIONS |= {function: of_c(name) for function, name in IN_C.items()}
