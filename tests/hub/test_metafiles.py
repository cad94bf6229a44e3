"""Metafiles are complete and name scores, addresses, configs and rules that exist."""
import re
import runpy
from urllib.parse import urlsplit

import jsonschema
import pytest

from segvg.hub.metafiles import config_path, find_model, read_metafiles, read_models
from segvg.leakage.declared import published_names, read_declarations
from segvg.utils.configs import load
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
#: Foundation models are not converted; '-' is unknown.
FOUNDATION = 'configs/foundation/metafile.yml'
UNKNOWN = dict(const='-')
FOUNDATION_METAFILE = an_object(
    Collections=a_list(an_object(
        Name=TEXT, License=dict(
            anyOf=[COLLECTION['properties']['License'], UNKNOWN]),
        Metadata=an_object(Architecture=a_list(TEXT)),
        Paper=dict(COLLECTION['properties']['Paper'], properties=dict(
            COLLECTION['properties']['Paper']['properties'],
            URL=dict(anyOf=[ADDRESS, UNKNOWN]))),
        README=TEXT,
        Code=an_object(URL=dict(anyOf=[ADDRESS, UNKNOWN]), Version=UNKNOWN))),
    Models=a_list(an_object(
        Name=dict(type='string', pattern=r'^[a-z0-9]+(-[a-z0-9]+)*$'),
        **{'In Collection': TEXT}, Config=MODEL['properties']['Config'],
        Metadata=an_object(**{'Training Data': a_list(TEXT)}),
        Weights=dict(type='string',
                     pattern=r'^https://huggingface\.co/[\w-]+/[\w.-]+$'))))
METAFILES = read_metafiles()


def test_every_method_has_a_metafile_that_the_index_imports():
    folders = {path.parent.relative_to(ROOT).as_posix()
               for path in ROOT.glob('configs/*/README.md')}
    assert {name.removesuffix('/metafile.yml') for name in METAFILES} == folders


@pytest.mark.parametrize('name', METAFILES)
def test_metafile_has_the_form(name):
    jsonschema.validate(METAFILES[name],
                        FOUNDATION_METAFILE if name == FOUNDATION else METAFILE)
    for collection in METAFILES[name]['Collections']:
        assert collection['README'] == f'{name.rpartition("/")[0]}/README.md'


def test_names_are_unique_and_configs_and_rules_exist():
    entries = [entry for name, content in METAFILES.items() for entry in
               content['Models'] if name != FOUNDATION]
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
        assert {collection['Paper']['URL'], collection['Code']['URL']} <= {
            *links, '-' if name == FOUNDATION else 'none'}
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
    assert seen or name.split('/')[1] in (
        'foundation', 'instancevg', 'partial_res', 'reftr')


def test_every_published_file_belongs_to_one_model():
    """A file belongs to one model, unless the address is a folder."""
    places = [(model.weights, model.file) for model in read_models().values()
              if 'folders' not in urlsplit(model.weights).path or model.file]
    assert len(places) == len(set(places))


def test_foundation_models_are_those_of_the_configs_and_declarations():
    """Every hub name in a config is listed once, with what its authors declare."""
    used: dict[str, set[str]] = {}
    for path in (ROOT / 'configs/foundation').glob('*.py'):
        for hub_name in published_names(load(path).model):
            used.setdefault(hub_name, set()).add(f'configs/foundation/{path.name}')
    declared = read_declarations()['models']
    content = METAFILES[FOUNDATION]
    listed = {entry['Weights'].removeprefix('https://huggingface.co/'): entry
              for entry in content['Models']}
    assert listed.keys() == used.keys() and len(listed) == len(content['Models'])
    assert len({entry['Name'] for entry in content['Models']}) == len(listed)
    known = {part['Name'] for part in content['Collections']}
    assert known == {entry['In Collection'] for entry in content['Models']}
    text = (ROOT / FOUNDATION).with_name('README.md').read_text('utf-8')
    for hub_name, entry in listed.items():
        sets = entry['Metadata']['Training Data']
        assert entry['Config'] in used[hub_name]
        assert sets == declared[hub_name]['sets']
        row, = re.findall(rf'^\|.*\| `{re.escape(hub_name)}` \|.*$', text, re.MULTILINE)
        assert f'| {", ".join(sets)} |' in row


def test_similar_names_are_suggested():
    assert find_model('instancevg-b-refcoco').license == 'MIT'
    with pytest.raises(InputError, match='did you mean .*instancevg-b-refcoco'):
        find_model('instancevg-refcoco')
