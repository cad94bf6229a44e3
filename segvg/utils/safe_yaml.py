"""YAML as data: nothing that a file names is run, and small files stay small."""
from typing import Any, NoReturn, Union

import yaml

from segvg.utils.plain_values import VISIT_FACTOR, VISIT_FLOOR, check_paths

MERGE = 'tag:yaml.org,2002:merge'
NUMBERS = ('int', 'float')
DIGITS_LIMIT = 400


class PlainLoader(yaml.SafeLoader):
    """A safe loader without merged maps and long numbers, in base 60 for example.

    They can make a small file take hours.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse ``<<``: a map that is merged twice into the next doubles each time."""
        for key, _ in node.value:
            if key.tag == MERGE:
                _refuse('maps are not merged (<<)', key)

    def construct_number(self, node: yaml.ScalarNode) -> Union[int, float]:
        """Return a number; refuse a very long one."""
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
    """Return the plain values of a YAML text.

    Raises:
        ValueError: the text is not plain YAML, has tags, or repeats its parts so often
            that the values become very large.
    """
    try:
        value = yaml.load(text, Loader=PlainLoader)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise ValueError(f'not plain YAML: {" ".join(str(error).split())[:200]}'
                         ) from None
    check_paths(value, VISIT_FLOOR + VISIT_FACTOR * len(text))
    return value
