"""Make docs/models.md from the metafiles: ``python -m segvg.hub.models_page``."""
from itertools import groupby
from pathlib import Path
from typing import Iterator

from segvg.hub.fetch import way_of
from segvg.hub.metafiles import (
    PublishedModel,
    is_converted,
    read_metafiles,
    read_models,
)
from segvg.utils.files import write_whole
from segvg.utils.layout import find_folder

PAGE = 'docs/models.md'
#: The text after this line is generated; the text before it is written by hand.
MARK = '<!-- The rest is made by `python -m segvg.hub.models_page`. -->\n'


def models_page(text: str) -> str:
    """Return the page with its tables regenerated.

    Args:
        text: current text of the page.

    Raises:
        ValueError: the text lacks the line ``MARK``.
    """
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f'{PAGE} lacks the line {MARK.strip()}')
    parts = [head + mark]
    models = groupby(read_models().values(), lambda model: model.method)
    found = {method: list(group) for method, group in models}
    for content in read_metafiles().values():
        if not all(map(is_converted, content['Models'])):
            continue  # foundation models have a table of their own in their README
        for collection in content['Collections']:
            lines = _section(collection, found.get(collection['Name'], []))
            parts.append('\n'.join(lines) + '\n')
    return '\n'.join(parts)


def _section(collection: dict, models: list[PublishedModel]) -> Iterator[str]:
    paper, code = collection['Paper'], collection['Code']['URL']
    yield f'## {collection["Name"]}'
    yield ''
    yield (f'[{paper["Title"]}]({paper["URL"]}), {paper["Year"]}. [Code]({code}), '
           f'licence: {collection["License"]}. [README](../{collection["README"]}).')
    yield ''
    if not models:
        yield 'No checkpoint was published.'
        return
    yield '| name | config | trained on | published scores | weights |'
    yield '|---|---|---|---|---|'
    for model in models:
        way = way_of(model.weights, model.file)
        file = f', `{model.file}`' if model.file else ''
        yield (f'| `{model.name}` | [{Path(model.config).name}]'
               f'(../configs/{model.config}) | {", ".join(model.data)} | '
               f'{"; ".join(map(_scores, model.results)) or "-"} | '
               f'[{way}]({model.weights}){file} |')


def _scores(result: dict) -> str:
    """Return scores as ``RefCOCO acc@0.5, val / testA: 81.23 / 85.00``."""
    digits = max(len(str(value).partition('.')[2])
                 for value in result['Metrics'].values())
    rows: dict[str, list[tuple[str, str]]] = {}
    for name, value in result['Metrics'].items():
        split, _, metric = name.partition(' ')
        rows.setdefault(metric, []).append((split, f'{value:.{digits}f}'))
    return '; '.join(
        f'{result["Dataset"]} {metric}, ' + ': '.join(
            ' / '.join(column) for column in zip(*values))
        for metric, values in rows.items())


def main() -> None:
    """Write the page into the repository."""
    path = find_folder('configs').parent / PAGE
    write_whole(path, models_page(path.read_text('utf-8')))
    print(f'{path} was written')


if __name__ == '__main__':
    main()
