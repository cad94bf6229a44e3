"""YAML as data: nothing that a file names is run, and small files stay small."""
from typing import Any, NoReturn, Union

import yaml

from segvg.utils.plain_values import VISIT_FACTOR, VISIT_FLOOR, check_paths

MERGE = 'tag:yaml.org,2002:merge'
NUMBERS = ('int', 'float')
DIGITS_LIMIT = 400


class PlainLoader(yaml.SafeLoader):
    """Without what makes a few lines take hours: merged maps, numbers to base 60."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse ``<<``: maps that are merged twice into each other double each time.
        """
        for key, _ in node.value:
            if key.tag == MERGE:
                _refuse('maps are not merged (<<)', key)

    def construct_number(self, node: yaml.ScalarNode) -> Union[int, float]:
        """Return a number of a moderate length."""
        if len(node.value) > DIGITS_LIMIT:
            _refuse(f'a number of more than {DIGITS_LIMIT} characters', node)
        name = node.tag.rpartition(':')[2]
        return getattr(self, f'construct_yaml_{name}')(node)


for _name in NUMBERS:
    PlainLoader.add_constructor(f'tag:yaml.org,2002:{_name}',
                                PlainLoader.construct_number)


def _refuse(reason: str, node: yaml.Node) -> NoReturn:
    raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark)


def read_yaml(text: Union[str, bytes]) -> Any:
    """Plain values of a YAML text; no tags, and no parts repeated to gigabytes.

    Raises:
        ValueError: it is not plain YAML.
    """
    try:
        value = yaml.load(text, Loader=PlainLoader)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise ValueError(f'not plain YAML: {" ".join(str(error).split())[:200]}'
                         ) from None
    check_paths(value, VISIT_FLOOR + VISIT_FACTOR * len(text))
    return value
