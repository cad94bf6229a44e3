"""What a sentence says: from a record of who made it, or by rules on its words."""
import json
import re
from pathlib import Path
from typing import Iterable, Optional

from segvg.annotations.canonical import CanonicalFile

RULES = {
    'ordinal': r'first|second|third|fourth|fifth|last|\d+(?:st|nd|rd|th)',
    'relation': r'next|beside|behind|between|under|above|below|over|near|nearest|'
                r'closest|holding|wearing|with|sitting|standing|riding|against|'
                r'on(?! (?:the )?(?:far )?(?:left|right|top|bottom|side))|'
                r'touching|in front of|facing|beneath|inside|carrying|eating',
    'spatial': r'left|right|top|bottom|middle|center|centre|upper|lower|front|back|'
               r'corner|side|leftmost|rightmost|far|closer|edge',
    'attribute': r'red|green|blue|yellow|white|black|brown|grey|gray|orange|purple|'
                 r'pink|tan|dark|light|blond|blonde|big|bigger|biggest|small|smaller|'
                 r'smallest|large|larger|largest|tall|tallest|short|shorter|young|old|'
                 r'striped|dotted|checked|plaid|wooden|empty|full|round|square'}
"""The first rule that finds one of its words names the kind; none: a plain name."""
_COMPILED = {kind: re.compile(rf'\b(?:{words})\b') for kind, words in RULES.items()}

LENGTHS = ((3, '1 to 3 words'), (6, '4 to 6 words'), (10, '7 to 10 words'))


def kind_by_words(text: str) -> str:
    """Return the kind of a real sentence: by the order of ``RULES``, else plain."""
    lowered = text.lower()
    for kind, rule in _COMPILED.items():
        if rule.search(lowered):
            return kind
    return 'plain'


def length_of(text: str) -> str:
    """Return the class of length of a sentence."""
    count = len(text.split())
    for most, name in LENGTHS:
        if count <= most:
            return name
    return 'more than 10 words'


def made_kinds(files: Iterable[CanonicalFile]) -> dict[tuple[str, str], dict[int, str]]:
    """Return by data set and split the kinds of sentences that have one, by their ids.

    Those of ``make_expressions.py`` have one.
    """
    found: dict[tuple[str, str], dict[int, str]] = {}
    for file in files:
        key = (file.name, file.split)
        for line in file:
            for expr in line['exprs']:
                kind = (expr.get('extra') or {}).get('kind')
                if isinstance(kind, str) and str(expr['id']).isdigit():
                    found.setdefault(key, {})[int(expr['id'])] = kind
    return found


def synthref_kinds(root: Path, dataset: str) -> Optional[dict[int, str]]:
    """Return the kinds of SynthRef's sentences by their ids; None for other data.

    Args:
        root: folder of the data.
        dataset: name of the data set, e.g. ``synthref_L1``.
    """
    path = root / dataset / 'scenes.jsonl'
    if not dataset.startswith('synthref') or not path.is_file():
        return None
    kinds = {}
    with open(path, encoding='utf-8') as stream:
        for line in stream:
            for number, sentence in json.loads(line)['sentences'].items():
                kind = sentence['type']
                kinds[int(number)] = f'{kind}, longer' if sentence['long'] else kind
    return kinds
