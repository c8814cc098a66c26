"""`python -m benchmarks`: what it can run, and the environments that it makes for others' packages."""

from __future__ import annotations

import venv
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.__main__ import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_that_runs_it(name: str) -> None:
    assert callable(import_module(COMMANDS[name].module).main)


def test_without_a_name_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in COMMANDS)


def test_an_unknown_name_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert "usage" in capsys.readouterr().out


def test_a_peer_that_cannot_be_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Done:
        def __init__(self, returncode: int) -> None:
            self.returncode = returncode

        def check_returncode(self) -> None:
            assert self.returncode == 0

    installed = []

    def install(python: Path, *requirements: str) -> Done:
        installed.append(requirements)
        return Done(int("nowhere" in requirements))

    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "install", install)
    monkeypatch.setattr(venv, "create", lambda folder, **_: folder.mkdir())
    python = environments.environment("test", "needed", optional=["nowhere", "somewhere"])
    assert installed == [("needed",), ("nowhere",), ("somewhere",)]
    assert "nowhere cannot be installed; it is left out" in capsys.readouterr().err
    assert environments.environment("test", "needed", optional=["nowhere", "somewhere"]) == python
    assert len(installed) == 3
