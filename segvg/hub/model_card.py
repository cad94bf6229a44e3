"""Make the model card of a model on the hub from the result card of a test run."""
import html
import re
from typing import Any, Iterator, Mapping, Optional, Sequence

import yaml

from segvg.utils.plain_values import printable

SPECIAL = re.compile(r'([\\`*_{}\[\]()#+\-.!|~$:@])')


def escaped(value: Any) -> str:
    """Return a value as one line of Markdown text with all markup escaped."""
    text = html.escape(' '.join(printable(str(value)).split()), quote=False)
    return SPECIAL.sub(r'\\\1', text)


def model_card(card: Optional[Mapping[str, Any]], *, license: str = '',
               tags: Sequence[str] = ()) -> str:
    """Return the text of a model card.

    Args:
        card: header of a result card; None: no results.
        license: SPDX name of the licence of the weights; '' when it is not given.
        tags: of the model on the hub.
    """
    data: dict[str, Any] = dict(library_name='segvg', tags=sorted(tags))
    if license:
        data['license'] = license
    if card:
        data['model_name'] = printable(str(card['name']))
    head = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return f'---\n{head}---\n\n' + '\n'.join(_lines(card)) + '\n'


def _lines(card: Optional[Mapping[str, Any]]) -> Iterator[str]:
    yield f'# {escaped(card["name"]) if card else "A visual grounding model"}'
    yield ''
    yield 'A segvg model: it finds the object that a sentence describes in an image.'
    yield ''
    yield from ('```python', 'from segvg.apis import GroundingInferencer', '',
                "ground = GroundingInferencer('OWNER/NAME')  # the name of this page",
                "found = ground('street.jpg', ['left man', 'the red car'])", '```')
    if not card:
        return
    yield from ('', '## Results', '')
    yield from _results(card)
    yield from ('', '## How the results were made', '', '| item | value |',
                '|---|---|')
    for name, value in _facts(card):
        yield f'| {escaped(name)} | {escaped(value)} |'


def _results(card: Mapping[str, Any]) -> Iterator[str]:
    data = card['data']
    yield (f'{data["expressions"]} expressions of {data["images"]} images: '
           f'{escaped(", ".join(data["splits"]))}. In percent, with 95 % intervals.')
    yield from ('', '| score | value | interval |', '|---|---|---|')
    for name, value in card['scores'].items():
        low, high = card['intervals'].get(name) or (None, None)
        between = '-' if low is None or high is None else f'{low:.2f} to {high:.2f}'
        shown = f'{value:.2f}' if isinstance(value, (int, float)) else '-'
        yield f'| {escaped(name)} | {shown} | {between} |'


def _facts(card: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the facts that decide whether scores can be compared."""
    weights, config = card['weights'], card['config']
    yield 'leakage', card['leakage']
    for protocol in card['protocols']:
        yield 'metric', f'{protocol["metric"]} {protocol["settings"]}'
    for threshold in card['thresholds']:
        yield 'threshold', threshold
    for file in card['data']['files']:
        yield 'annotations', f'{file["file"]}, SHA-256 {file["sha256"]}'
    yield 'config', config['file'].rpartition('/')[2]
    yield 'weights', f'SHA-256 {weights["sha256"]}'
    for name in ('seed', 'training', 'code', 'environment'):
        if card.get(name) is not None:
            yield name, card[name]
