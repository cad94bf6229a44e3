"""The pages say nothing of files that are not there."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob('*.md'), *ROOT.glob('docs/**/*.md'), ROOT / 'data/README.md',
                *ROOT.glob('configs/*/README.md')])


@pytest.mark.parametrize('page', PAGES, ids=[str(page.relative_to(ROOT))
                                             for page in PAGES])
def test_links_lead_somewhere(page):
    text = page.read_text(encoding='utf-8')
    for target in re.findall(r'\]\(([^)]+)\)', text):
        if '://' in target:
            continue
        name, _, anchor = target.partition('#')
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f'{page.name} links to {target}'
        if anchor:
            headings = re.findall(r'^#+ (.+)$', path.read_text('utf-8'), re.MULTILINE)
            slugs = [re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
                     for heading in headings]
            assert anchor in slugs, f'{page.name} links to {target}'


@pytest.mark.parametrize('page', PAGES, ids=[str(page.relative_to(ROOT))
                                             for page in PAGES])
def test_tools_and_configs_that_are_named_exist(page):
    text = page.read_text(encoding='utf-8')
    text = re.sub(r'\bsegvg::(?=[a-z])', 'configs/', text)  # as the package names them
    named = re.findall(r'(?<![./:\w])((?:tools|configs|benchmarks|examples|segvg|'
                       r'tests)/[\w/.]+\.(?:py|sh|md))\b', text)
    missing = {name for name in named if not (ROOT / name).exists()
               and name not in ('segvg/a/b.py', 'tests/a/test_b.py')}
    assert missing == set(), f'{page.name} names files that are not there'


def test_files_to_read_for_a_method_exist():
    text = (ROOT / 'docs/architecture.md').read_text(encoding='utf-8')
    table = text.split('## Which files to read for a method')[1]
    names = re.findall(r'`((?:\w+/)+\w+\.py)`', table)
    assert len(names) > 30
    for name in names:
        assert (ROOT / 'segvg' / name).exists() or (
            ROOT / 'segvg/models' / name).exists(), name


def test_every_page_of_docs_is_in_a_table_of_contents():
    text = ''.join(page.read_text('utf-8') for page in PAGES if page.name == 'index.md')
    entries = re.findall(r'^(?:.*<)?([\w./*]+)>?$', text, re.MULTILINE)
    for page in (ROOT / 'docs').rglob('*'):
        if page.suffix in ('.md', '.ipynb') and page.name != 'index.md':
            assert page.stem in entries, (
                f'{page.relative_to(ROOT)} is in no toctree of docs/index.md')
