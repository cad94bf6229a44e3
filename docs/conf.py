"""Settings of the documentation site: ``tools/run_tests.sh --docs`` builds it.

The root of the repository is the source folder, so that pages outside ``docs`` (README,
the README of each method, data/README.md) belong to the site where they stand, and
their links lead to the same place here as on a code host.
"""
import json
import os
import re
from pathlib import Path
from typing import Optional

from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx

from segvg.version import __version__

ROOT = Path(__file__).resolve().parents[1]

project = 'segvg'
author = 'The segvg contributors'
copyright = author
version = release = __version__

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon']
root_doc = 'docs/index'
include_patterns = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'data/README.md',
                    'configs/*/README.md', 'docs/**']
exclude_patterns = ['.venv', '.git', 'work_dirs', 'build', 'data/[!R]*', '**/.*',
                    'docs/_*']

html_theme = 'furo'
html_title = 'segvg'
html_extra_path = ['_root']  # a page index.html that leads to that of docs
html_static_path = ['_static']
html_css_files = ['pages.css']
html_show_sphinx = False
templates_path: list[str] = []

myst_heading_anchors = 4
myst_enable_extensions = ['colon_fence']
suppress_warnings = ['misc.highlighting_failure']  # ellipses in examples of JSON

autodoc_member_order = 'bysource'
autodoc_typehints = 'signature'
autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_preserve_defaults = True
napoleon_use_ivar = True
napoleon_custom_sections = [('Data fields', 'Attributes')]
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
toc_object_entries_show_parents = 'hide'
pygments_style = 'default'
highlight_language = 'bash'  # of blocks that name none

#: Address below which a code host shows files and folders; without one, links to
#: folders that have no page of their own are shown as text.
source_address = os.environ.get('SEGVG_SOURCE_ADDRESS', '').rstrip('/')
LINK = re.compile(r'(?<!!)\[([^\]]+)\]\(([^)#\s]+)\)')


def link_folders(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let links to folders lead to the README in them, or to the code host."""
    page = Path(app.env.doc2path(docname))

    def replace(match: re.Match) -> str:
        text, target = match.groups()
        folder = (page.parent / target).resolve()
        if '://' in target or not folder.is_dir():
            return match.group()
        if (folder / 'README.md').is_file():
            return f'[{text}]({target.rstrip("/")}/README.md)'
        if source_address:
            return f'[{text}]({source_address}/{folder.relative_to(ROOT).as_posix()})'
        return f'`{text}`'
    source[0] = LINK.sub(replace, source[0])


def skip_constants(app: Sphinx, what: str, name: str, *_: object) -> Optional[bool]:
    """Leave constants of modules out of the API."""
    return True if what == 'module' and name.isupper() else None


class NotebookParser(MystParser):
    """Shows a notebook as a page: its texts, and its code as it is run."""

    supported = ('notebook', )

    def parse(self, inputstring: str, document: object) -> None:
        """Parse the cells of a notebook as Markdown."""
        parts = []
        for cell in json.loads(inputstring)['cells']:
            text = ''.join(cell['source'])
            parts.append(f'```python\n{text}\n```' if cell['cell_type'] == 'code'
                         else text)
        super().parse('\n\n'.join(parts), document)


def setup(app: Sphinx) -> None:
    """Add what is particular to this site."""
    app.connect('source-read', link_folders)
    app.connect('autodoc-skip-member', skip_constants)
    app.add_source_suffix('.ipynb', 'notebook')
    app.add_source_parser(NotebookParser)
