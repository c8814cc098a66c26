"""What Sphinx is told: see `build.py`, which gathers the pages and calls it."""

import sys
from pathlib import Path

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from pygments.lexers.special import TextLexer

sys.path.insert(0, str(Path(__file__).parent))
import sections

import autograd

project = "chainrule"
copyright = "the authors of chainrule; MIT licence"
release = autograd.__version__
html_title = f"chainrule {release}"

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["static"]
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["frames.js"]
html_favicon = "static/favicon.svg"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False

nb_execution_mode = "off"  # the notebooks are committed with their output, and a test runs them
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

default_role = "py:obj"  # `name` in a docstring is a link where the name is documented
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False
python_use_unqualified_type_names = True


def inline_math(self, node):
    """Write a formula in a line as MathML: browsers draw it, with no script and no fonts."""
    self.body.append(convert(node.astext()))
    raise SkipNode


def block_math(self, node):
    """Write a formula on lines of its own."""
    self.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def setup(app):
    """Register what is ours: the sections of docstrings, formulas, the trees of DESIGN.md."""
    app.connect("autodoc-process-docstring", sections.processed)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
    app.add_lexer("tree", TextLexer)
