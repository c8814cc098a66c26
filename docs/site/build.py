"""Build the documentation site: pages, notebooks, API reference, and a page to try it.

    python docs/site/build.py [--out build/site] [--without-pyodide]

Needs `pip install "chainrule[site]"` and npm, which fetches Pyodide. The site needs neither a
network nor a server of its own: `python -m http.server --directory build/site`.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pages

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYODIDE = "314.0.7"  # CPython 3.14, as WebAssembly
CORE = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
TEXTS = (
    "DESIGN.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/*.md",
    "docs/design/*.md",
    "docs/images/*",
    "notebooks/*.ipynb",
    "benchmarks/REVIEW.md",
    "nn/datasets/README.md",
)
PACKAGED = (
    "pyproject.toml",
    "setup.cfg",
    "README.md",
    "LICENSE",
    "chainrule.py",
    "autograd",
    "nn",
)
# Guides in the order of a reader; a page without its place here is a warning, and so an error.
TREES = """

```{toctree}
:hidden:
:caption: Try it
try
steppers
playground
```

```{toctree}
:hidden:
:caption: Guides
docs/seeing
notebooks/index
docs/gradients
docs/derivatives-in-losses
docs/checking-gradients
docs/training
docs/command-line
docs/compiling
docs/processes
docs/from-micrograd
docs/from-0.2-to-0.3
docs/limits
docs/measured
docs/figures
docs/trust
docs/javascript
```

```{toctree}
:hidden:
:caption: Reference
api/index
nn/datasets/README
CHANGELOG
```
"""

OFFERS = """
[Try it in this page](try.md), [step through three graphs](steppers.md), or
[watch a network learn](playground.md): nothing to install.
"""

INSIDE = """
```{toctree}
:hidden:
:caption: Inside
:glob:
DESIGN
DESIGN-PAGES
CONTRIBUTING
benchmarks/REVIEW
```
"""


def gather(source: Path) -> None:
    """Copy all that becomes a page into one folder, every file where it is in the repository."""
    shutil.copytree(HERE / "source", source)
    shutil.copytree(HERE / "static", source / "static")
    for pattern in TEXTS:
        for path in sorted(ROOT.glob(pattern)):
            target = source / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".md":
                target.write_text(linked(path.read_text(encoding="utf-8")), encoding="utf-8")
            else:
                shutil.copyfile(path, target)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    design = "docs/design/*" if (source / "docs" / "design").exists() else ""
    trees = TREES + INSIDE.replace("DESIGN-PAGES", design)
    # Only the site can offer what runs in it.
    title, rest = readme.split("\n", 1)
    home = title + "\n" + OFFERS + rest
    (source / "index.md").write_text(linked(home) + trees, encoding="utf-8")


def linked(text: str) -> str:
    """Return a text whose links to the README lead to the first page, which it is here.

    Those to the folder of notebooks lead to the page that lists them.
    """
    text = re.sub(r"\]\(((?:\.\./)*)README\.md", r"](\1index.md", text)
    return re.sub(r"\]\(((?:\.\./)*)notebooks/?\)", r"](\1notebooks/index.md)", text)


def twelve_lines() -> str:
    """Return the program of the README, without prompts and output."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Twelve lines\n+```python\n(.*?)```", readme, re.DOTALL)
    if block is None:
        raise SystemExit("README.md: no block of Python below '## Twelve lines'")
    lines = block[1].splitlines()
    return "\n".join(line[4:] for line in lines if line.startswith((">>> ", "... ")))


def copy_pyodide(target: Path) -> str:
    """Have npm fetch Pyodide, copy what the page needs, and return what went wrong, if anything."""
    if shutil.which("npm") is None:
        return "npm is missing"
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "install", "--silent", "--prefix", folder, f"pyodide@{PYODIDE}"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            return f"npm could not fetch Pyodide: {run.stderr.strip() or run.stdout.strip()}"
        target.mkdir(parents=True)
        for name in CORE:
            shutil.copyfile(Path(folder) / "node_modules" / "pyodide" / name, target / name)
    return ""


def copy_wheel(target: Path) -> str:
    """Build the wheel from a copy, so that nothing old is in it, and return its name."""
    with tempfile.TemporaryDirectory() as folder:
        for name in PACKAGED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
            copy(ROOT / name, Path(folder) / name)
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps"]
        subprocess.run([*command, "--wheel-dir", str(target), folder], check=True)
    (wheel,) = target.glob("*.whl")
    return wheel.name


def write_try_page(source: Path, wheel: str) -> None:
    """Fill in the page to try it: the program, and what the worker has to load."""
    page = source / "try.md"
    text = page.read_text(encoding="utf-8")
    text = text.replace("PROGRAM", html.escape(twelve_lines()).replace("\n", "&#10;"))
    page.write_text(text.replace("WHEEL", wheel), encoding="utf-8")


def write_fault(source: Path, fault: str) -> None:
    """Tell the page to try it whether it can be tried, and else why not."""
    sentence = f"This site was built without Python: {fault}" if fault else ""
    path = source / "static" / "missing.json"
    path.write_text(json.dumps({"fault": sentence}), encoding="utf-8")


def build(out: Path, needs_pyodide: bool) -> int:
    """Build everything into a folder, and return the exit code: any warning is an error."""
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        extra = Path(folder) / "extra"
        gather(source)
        pages.write(extra / "pages")
        wheel = copy_wheel(extra / "pyodide")
        write_try_page(source, wheel)
        fault = copy_pyodide(extra / "pyodide" / "core")
        if fault:
            print(f"warning: {fault}", file=sys.stderr)
            if needs_pyodide:
                return 1
        write_fault(source, fault)
        settings = ["-c", str(HERE), "-D", f"html_extra_path={extra}", "-d", f"{folder}/doctrees"]
        settings += ["-D", f"html_static_path={source / 'static'}"]
        return build_main(["-q", "-W", "--keep-going", *settings, str(source), str(out)])


def main() -> int:
    """Read the command line, and build."""
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    parser.add_argument(
        "--without-pyodide",
        action="store_true",
        help="where npm cannot fetch Pyodide, build a page that says so, instead of failing",
    )
    options = parser.parse_args()
    return build(options.out.resolve(), not options.without_pyodide)


if __name__ == "__main__":
    sys.exit(main())
