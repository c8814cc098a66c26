"""`python -m benchmarks`: what it can run, and the environments that it makes for others' packages."""

from importlib import import_module

import pytest

from benchmarks import environments
from benchmarks.__main__ import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_that_runs_it(name):
    assert callable(import_module(COMMANDS[name].module).main)


def test_without_a_name_all_commands_are_listed(capsys):
    assert main([]) == main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in COMMANDS)


def test_an_unknown_name_is_an_error(capsys):
    assert main(["nothing"]) == 2
    assert "usage" in capsys.readouterr().out


def test_a_peer_that_cannot_be_installed_is_left_out(monkeypatch, tmp_path, capsys):
    class Done:
        def __init__(self, returncode):
            self.returncode = returncode

        def check_returncode(self):
            assert self.returncode == 0

    installed = []

    def install(python, *requirements):
        installed.append(requirements)
        return Done(int("nowhere" in requirements))

    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "install", install)
    monkeypatch.setattr(environments.venv, "create", lambda folder, **_: folder.mkdir())
    python = environments.environment("test", "needed", optional=["nowhere", "somewhere"])
    assert installed == [("needed",), ("nowhere",), ("somewhere",)]
    assert "nowhere cannot be installed; it is left out" in capsys.readouterr().err
    assert environments.environment("test", "needed", optional=["nowhere", "somewhere"]) == python
    assert len(installed) == 3
