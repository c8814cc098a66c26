"""What a developer finds beside the code: targets that say what they do, commands that are there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_every_target_says_what_it_does():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    written = re.findall(r"^(\w+):", makefile, re.MULTILINE)
    explained = re.findall(r"^(\w+):.*## \w", makefile, re.MULTILINE)
    assert sorted(named) == sorted(written) == sorted(explained)


@pytest.mark.skipif(sys.platform == "win32", reason="a script of the shell")
@pytest.mark.parametrize("name", ["main", "tests"])
def test_the_readme_has_the_commands_that_are_run_from_it(name):
    run = subprocess.run(
        [ROOT / ".ci/readme_command", name], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("python3 -m venv .venv && ") and run.stdout.count("\n") == 1


def test_the_hooks_run_the_tools_of_make_check():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: \.venv/bin/(\w+)", hooks)
    assert entries == ["ruff", "ruff", "mypy"]
