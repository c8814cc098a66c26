"""``python -m nn`` is the command ``chainrule``."""

from nn.cli import process

if __name__ == "__main__":
    process()
