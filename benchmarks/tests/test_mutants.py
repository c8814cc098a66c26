"""The mutation run: what is mutated, what is left alone, and a catch told from a survivor."""

from __future__ import annotations

import ast
import doctest
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.trust import mutations as mutation_module
from benchmarks.trust import source_mutants, tests_by_line
from benchmarks.trust.chosen_tests import __file__ as PLUGIN
from benchmarks.trust.mutations import Mutation, code_lines, mutations
from benchmarks.trust.source_mutants import Notes, Verdict, campaign, drawn, modules, shares
from testkit.processes import ROOT


def changed(source: str) -> list[tuple[str, str]]:
    """Return the kind of each mutation of a text of one line, and the text after it."""
    return [(m.kind, m.mutated.strip()) for m in mutations(source) if m.is_a_program]


@pytest.mark.parametrize(
    "source, after",
    [
        ("a < b <= c", ["a <= b <= c", "a < b < c"]),
        ("a is not b", ["a is b"]),
        ("a not in b", ["a in b"]),
        ("(a) + (b - c)", ["(a) - (b - c)", "(a) + (b + c)"]),
        ("x ** y // z", ["x ** y / z", "x * y // z"]),
        ("-x", ["x"]),
        ("not (a or b)", ["(a or b)", "not (a and b)"]),
        ("x[1:-1]", ["x[2:-1]", "x[1:1]", "x[1:-2]"]),
        ("x[:n]", ["x[:(n) + 1]"]),
        (
            "0.5, 0.0, True, 'text'",
            ["1.0, 0.0, True, 'text'", "0.5, 1.0, True, 'text'", "0.5, 0.0, False, 'text'"],
        ),
        ("a if b else c", ["a if True else c", "a if False else c"]),
        ("[x for x in y if z]", ["[x for x in y if True]", "[x for x in y if False]"]),
        ("f(a, b)", ["pass", "f(b, a)"]),
        ("f(a, *b)", ["pass"]),
        ("max(a, b)", ["pass"]),
        ("x += y", ["x -= y"]),
    ],
)
def test_an_expression_has_these_mutants(source: str, after: list[str]) -> None:
    assert [text for _, text in changed(source)] == after


def test_within_a_function_statements_and_what_is_returned_are_mutated_too() -> None:
    source = "def f(x):\n    y = x\n    g(y)\n    return y"
    assert [text.splitlines()[1:] for _, text in changed(source)] == [
        ["    pass", "    g(y)", "    return y"],
        ["    y = x", "    pass", "    return y"],
        ["    y = x", "    g(y)", "    return None"],
    ]


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring, 1 + 1."""',
        "__all__ = ['a'] + ['b']",
        "if TYPE_CHECKING:\n    f(1)",
        "def f(x: Literal[1]) -> Literal[2]: ...",
        "Function = Callable[[Literal[1]], None]",
        "Seed = int | None",
        "x: Literal[3]",
        "f'{x + 1}'",
        "import a",
    ],
)
def test_texts_types_and_imports_have_no_mutants(source: str) -> None:
    assert changed(source) == []


def test_an_error_may_not_be_raised_but_what_it_says_is_left_alone() -> None:
    source = "def f(x):\n    raise ValueError(f'{x}', 1 + 1)"
    assert changed(source) == [("deleted statement", "def f(x):\n    pass")]


def test_only_the_changed_characters_differ_where_letters_take_more_than_a_byte() -> None:
    source = "def f(x):\n    return 'ö', x  <  'é'  # ä\n"
    mutant = next(m for m in mutations(source) if m.kind == "comparison")
    assert mutant.mutated == source.replace("<", "<=")
    assert mutant.line_number == 2
    assert mutant.line == "return 'ö', x < 'é' # ä"


def test_a_mutant_knows_its_function_or_class_and_whether_a_call_runs_it() -> None:
    source = "a = 1\nclass B:\n    c = 2\n    def d(self, e=3):\n        return 4"
    numbers = [m for m in mutations(source) if m.kind == "constant"]
    assert [(m.place, m.called) for m in numbers] == [
        ("", False), ("B", False), ("d", True), ("d", True),
    ]  # fmt: skip
    assert [(m.first, m.last) for m in numbers] == [(1, 1), (3, 3), (4, 5), (5, 5)]


def test_every_mutant_of_a_module_is_another_program_of_known_lines() -> None:
    source = modules()["autograd/atomic.py"]
    plain = ast.dump(ast.parse(source))
    for mutant in filter(lambda m: m.is_a_program, mutations(source)):
        assert ast.dump(ast.parse(mutant.mutated)) != plain
        assert mutant.first <= mutant.line_number <= mutant.last


def test_modules_share_the_mutants_by_their_lines_of_code() -> None:
    sizes = {name: code_lines(text) for name, text in modules().items() if code_lines(text)}
    assert not any(name.startswith("autograd/compile/") for name in sizes)
    found = shares(sizes, 300)
    assert sum(found.values()) == 300
    assert min(found.values()) >= 1
    rest = (300 - len(sizes)) / sum(sizes.values())
    assert all(abs(found[name] - 1 - rest * size) < 1 for name, size in sizes.items())


def test_of_a_package_all_its_modules_are_mutated_and_no_others() -> None:
    folder = ROOT / "autograd/compile"
    names = {path.relative_to(ROOT).as_posix() for path in folder.rglob("*.py")}
    assert modules("autograd/compile").keys() == names


def test_processes_share_a_run_by_ranges_of_its_mutants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(source_mutants, "all_drawn", lambda *options: enumerate("abcdef"))
    monkeypatch.setattr(source_mutants, "Tests", lambda *options: None)
    monkeypatch.setattr(source_mutants, "failing_without", lambda *options: [])

    def noted(chosen: Sequence[tuple[str, str]], *_: object) -> list[Verdict]:
        asked.extend(chosen)
        return []

    monkeypatch.setattr(source_mutants, "campaign", noted)
    for options in (["--stop", "2"], ["--first", "2", "--stop", "5"], ["--first", "5"]):
        source_mutants.main([*options, "--results", str(tmp_path / "notes.jsonl")])
    assert "".join(letter for _, letter in asked) == "abcdef"


def test_the_same_seed_draws_the_same_mutants_and_more_of_them_begin_with_fewer() -> None:
    source = modules()["autograd/atomic.py"]
    few, many = drawn("a", source, 3, 5), drawn("a", source, 3, 9)
    assert few == many[:5]
    assert drawn("a", source, 4, 5) != few
    assert len({m.line_number for m in many}) == 9


CAUGHT = Verdict("m.py", "constant", 1, "x = 1", "x = 2", caught=True)
SURVIVED = replace(CAUGHT, caught=False)


def test_a_run_goes_on_where_it_ended_and_tries_survivors_again_when_asked(tmp_path: Path) -> None:
    (mutant,) = [m for m in mutations("x = 1") if m.kind == "constant"]
    notes = tmp_path / "notes.jsonl"
    judged: list[str] = []

    def judge(found: Verdict) -> Callable[[str, Mutation], Verdict]:
        def judging(module: str, mutation: Mutation) -> Verdict:
            judged.append(module)
            return found

        return judging

    assert campaign([("m.py", mutant)], Notes(notes), judge(SURVIVED)) == [SURVIVED]
    assert campaign([("m.py", mutant)], Notes(notes), judge(CAUGHT)) == [SURVIVED]
    assert campaign([("m.py", mutant)], Notes(notes), judge(CAUGHT), again=True) == [CAUGHT]
    assert campaign([("m.py", mutant)], Notes(notes), judge(SURVIVED), again=True) == [CAUGHT]
    assert judged == ["m.py", "m.py"]


def test_too_few_caught_or_too_many_called_equivalent_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [replace(CAUGHT, line=line) for line in range(2, 21)]
    told = source_mutants.told
    monkeypatch.setattr(source_mutants, "equivalents", dict)
    assert told([SURVIVED, *others]) == 0  # 95 %
    assert told([SURVIVED, *others[1:]]) == 1
    assert "m.py:1 constant; SURVIVES 0 tests\n- x = 1\n+ x = 2" in capsys.readouterr().out
    monkeypatch.setattr(source_mutants, "equivalents", lambda: {SURVIVED.change: "a reason"})
    assert told([SURVIVED, *others]) == 0
    assert "equivalent: a reason" in capsys.readouterr().out
    assert told([SURVIVED, *others[:8]]) == 1  # a ninth


def test_every_equivalent_mutant_names_a_line_that_is_there_and_has_a_reason() -> None:
    sources = modules() | modules("autograd/compile")
    for (module, place, *lines), reason in source_mutants.equivalents().items():
        found = [m for m in mutations(sources[module]) if m.place == place]
        assert lines in [[m.line, m.mutated_line] for m in found], (module, place, *lines)
        assert len(reason.split()) > 3


@pytest.mark.parametrize("module", [mutation_module, source_mutants], ids=lambda m: m.__name__)
def test_the_examples_in_the_docstrings_are_right(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


TINY = {
    "tiny/__init__.py": "",
    "tiny/signs.py": "def positive(x):\n    return x > 0\n\n\ndef unseen(x):\n    return x < 0\n",
    "tests/test_tiny.py": "from tiny.signs import positive\n\n\ndef test_sign():\n"
    "    assert positive(1) and not positive(-1)\n",
    "tests/conftest.py": "",
    "setup.cfg": "[tool:pytest]\ntestpaths = tests\n[coverage:run]\nsource = tiny\n",
    "equivalent.toml": "",
}


@pytest.mark.kernels
def test_in_a_tiny_project_a_catch_and_a_survivor_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only positive numbers and negative ones are tried, so `>=` does what `>` does."""
    root = tmp_path / "project"
    for name, text in TINY.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "benchmarks/trust").mkdir(parents=True)
    shutil.copy(PLUGIN, root / "benchmarks/trust/chosen_tests.py")
    for module in (tests_by_line, source_mutants):
        monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(tests_by_line, "COPIED", ("tiny", "tests", "benchmarks"))
    monkeypatch.setattr(tests_by_line, "SHARED", ("tiny", "tests/conftest.py"))
    monkeypatch.setattr(tests_by_line, "KEPT", tmp_path)
    monkeypatch.setattr(source_mutants, "PACKAGES", ("tiny",))
    tests = tests_by_line.Tests(tmp_path / "kept")
    assert list(tests.seconds) == ["tests/test_tiny.py::test_sign"]
    assert tests.of_lines("tiny/signs.py", [2]) == set(tests.seconds)
    assert tests.of_lines("tiny/signs.py", [6]) == set()

    mutants = mutations(TINY["tiny/signs.py"])
    verdicts = [source_mutants.verdict(tests, "tiny/signs.py", next(mutants)) for _ in range(2)]
    assert [found.became for found in verdicts] == ["return None", "return x >= 0"]
    assert [found.by for found in verdicts] == ["tests/test_tiny.py::test_sign", ""]
    assert [found.caught for found in verdicts] == [True, False]
    assert source_mutants.failing_without(verdicts, tests) == []
    assert json.loads((tmp_path / "kept/tests.json").read_text())["failed"] == []

    (root / "tests/test_tiny.py").rename(root / "tests/test_other.py")
    tests = tests_by_line.Tests(tmp_path / "kept")
    assert list(tests.seconds) == ["tests/test_other.py::test_sign"]

    (root / "tests/test_slow.py").write_text("def test_left_out():\n    assert False\n")
    tests = tests_by_line.Tests(tmp_path / "chosen", "tiny", ["tests/test_o*.py"])
    assert list(tests.known["seconds"]) == ["tests/test_other.py::test_sign"]
    assert tests.of_lines("tiny/signs.py", [2]) == set(tests.seconds)
