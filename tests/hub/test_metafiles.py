"""Metafiles are complete and name scores, addresses, configs and rules that exist."""
import re
import runpy
from urllib.parse import urlsplit

import jsonschema
import pytest

from segvg.hub.metafiles import config_path, find_model, read_metafiles, read_models
from segvg.utils.errors import InputError
from tests.toy import ROOT

TEXT = dict(type='string', minLength=1)
ADDRESS = dict(type='string', format='uri', pattern=r'^https://[^\s/]+/\S+$')


def an_object(optional=(), **fields):
    return dict(type='object', properties=fields, additionalProperties=False,
                required=[name for name in fields if name not in optional])


def a_list(items, least=1):
    return dict(type='array', items=items, minItems=least)


COLLECTION = an_object(
    ('Tokenizer', 'Words'), Name=TEXT,
    License=dict(enum=['Apache-2.0', 'MIT', 'not stated']),
    Metadata=an_object(Architecture=a_list(TEXT)),
    Paper=an_object(URL=ADDRESS, Title=TEXT, Year=dict(type='integer', minimum=2015)),
    README=TEXT, Code=an_object(URL=ADDRESS, Version=dict(
        type='string', pattern='^[0-9a-f]{40}$')),
    Tokenizer=a_list(ADDRESS), Words=ADDRESS)
MODEL = an_object(
    ('File', 'Size', 'SHA256', 'Results'),
    Name=dict(type='string', pattern=r'^[a-z0-9]+(-[a-z0-9]+)+$'),
    **{'In Collection': TEXT},
    Config=dict(type='string', pattern=r'^configs/\w+/\w+\.py$'),
    Metadata=an_object(('Initial Weights', ), **{
        'Training Data': a_list(TEXT), 'Initial Weights': TEXT}),
    Weights=ADDRESS, File=dict(type='string', pattern=r'^[\w.+-]+\.pth$'),
    Size=dict(type='integer', minimum=1),
    SHA256=dict(type='string', pattern='^[0-9a-f]{64}$'),
    Convert=an_object(('Average', ), Rule=TEXT, Average=dict(const=True)),
    Results=a_list(an_object(Task=TEXT, Dataset=TEXT, Metrics=dict(
        type='object', minProperties=1, additionalProperties=dict(
            type='number', minimum=0, maximum=100)))))
METAFILE = an_object(Collections=a_list(COLLECTION), Models=a_list(MODEL, 0))
METAFILES = read_metafiles()


def test_every_method_has_a_metafile_that_the_index_imports():
    folders = {path.parent.relative_to(ROOT).as_posix()
               for path in ROOT.glob('configs/*/README.md')}
    assert {name.removesuffix('/metafile.yml') for name in METAFILES} == folders


@pytest.mark.parametrize('name', METAFILES)
def test_metafile_has_the_form(name):
    jsonschema.validate(METAFILES[name], METAFILE)
    for collection in METAFILES[name]['Collections']:
        assert collection['README'] == f'{name.rpartition("/")[0]}/README.md'


def test_names_are_unique_and_configs_and_rules_exist():
    entries = [entry for content in METAFILES.values() for entry in content['Models']]
    models = read_models()
    assert len(models) == len(entries) >= 40
    rules = runpy.run_path(str(ROOT / 'tools/convert_checkpoint.py'))['METHODS']
    for model in models.values():
        assert config_path(model).is_file(), model.config
        assert model.rule in rules


@pytest.mark.parametrize('name', METAFILES)
def test_every_address_is_a_link_in_the_readme(name):
    text = (ROOT / name).with_name('README.md').read_text('utf-8')
    links = set(re.findall(r'<(https://[^>\s]+)>', text))
    cited = ''.join(re.findall('```bibtex(.*?)```', text, re.DOTALL))
    for collection in METAFILES[name]['Collections']:
        assert {collection['Paper']['URL'], collection['Code']['URL']} <= links
        assert collection['Paper']['Title'] in re.sub('[{}]', '', cited)
        assert collection.get('Words', 'none') in {*links, 'none'}
    assert {entry['Weights'] for entry in METAFILES[name]['Models']} <= links
    assert 'data/README.md' in text


def published_scores(readme):
    """Return (config, split) -> numbers in the columns of published scores."""
    found, columns, names, where = {}, {}, [''], ''
    for line in readme.splitlines():
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if not line.startswith('|'):
            columns = {}
        elif 'split' in cells or 'published' in cells:
            columns = {index: cell for index, cell in enumerate(cells)}
        elif columns and not cells[0].startswith('-'):
            row = dict(zip(columns.values(), cells))
            names = re.findall(r'\w+\.py', cells[0]) or names
            where = row.get('split') or where
            for title, cell in row.items():
                if title.startswith('published'):
                    meant = {'published R50': names[:1], 'published R101': names[1:]}
                    for name in meant.get(title, names):
                        add_scores(found, name, where.split(' / '), cell)
    return found


def add_scores(found, name, splits, cell):
    """Add the numbers of a cell: one for each split, or all to a single split."""
    groups = cell.split(' / ')
    for index, split in enumerate(splits):
        part = groups[index:index + 1] if len(splits) == len(groups) else groups
        numbers = {float(number) for text in part
                   for number in re.findall(r'\d+\.\d+', text)}
        found.setdefault((name, split), set()).update(numbers)


@pytest.mark.parametrize('name', METAFILES)
def test_scores_are_those_of_the_readme(name):
    text = (ROOT / name).with_name('README.md').read_text('utf-8')
    table, seen = published_scores(text), 0
    everywhere = set(map(float, re.findall(r'\d+\.\d+', text)))
    for entry in METAFILES[name]['Models']:
        config = entry['Config'].rpartition('/')[2]
        in_text = 'yolov3' in entry['Name']  # a sentence has them, not the table
        for result in entry.get('Results', ()):
            for metric, value in result['Metrics'].items():
                given = everywhere if in_text else table.get(
                    (config, metric.partition(' ')[0]))
                assert given and value in given, (entry['Name'], metric, value, given)
                seen += 1
    assert seen or name.split('/')[1] in ('instancevg', 'partial_res', 'reftr')


def test_every_published_file_belongs_to_one_model():
    """A file belongs to one model, unless the address is a folder."""
    places = [(model.weights, model.file) for model in read_models().values()
              if 'folders' not in urlsplit(model.weights).path or model.file]
    assert len(places) == len(set(places))


def test_similar_names_are_suggested():
    assert find_model('instancevg-b-refcoco').license == 'MIT'
    with pytest.raises(InputError, match='did you mean .*instancevg-b-refcoco'):
        find_model('instancevg-refcoco')
