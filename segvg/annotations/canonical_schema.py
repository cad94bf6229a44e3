"""The JSON schema of the canonical form, and what it says of a wrong record.

The schema is ``canonical.schema.json`` beside this file. It describes shapes; what
needs a look at other parts of the file (targets inside the list of instances, spans
inside the text, unique ids) is checked by the reader.
"""
import json
from functools import cache
from importlib.resources import files
from typing import Any

SHOWN = 60  # characters of a wrong value in a message


@cache
def canonical_schema() -> dict:
    """Return the schema of a line; that of the meta file is in its ``$defs``."""
    text = (files('segvg.annotations') / 'canonical.schema.json').read_text('utf-8')
    return json.loads(text)


@cache
def _validator(part: str) -> Any:
    import jsonschema  # needed for wrong records only, and slow to import
    schema = {'$ref': f'#/$defs/{part}', '$defs': canonical_schema()['$defs']}
    return jsonschema.Draft202012Validator(schema)


def violations(record: object, part: str = 'line') -> list[str]:
    """What is wrong with a record, in plain words.

    Args:
        record: a parsed line, or a part of one.
        part: which definition it has to meet: ``'line'``, ``'meta'``, ``'image'``,
            ``'instance'``, ``'expression'``, ``'phrase'``.

    Returns:
        One text for each violation, by its place, such as
        ``"exprs[0].targets: got 'a', expected indices into instances ..."``.
        Empty when the record is right.
    """
    errors = _validator(part).iter_errors(record)
    found = sorted({(_location(error), _explain(error)) for error in errors})
    return [f'{location}: {text}' if location else text for location, text in found]


def _location(error: Any) -> str:
    parts = ''.join(f'[{part}]' if isinstance(part, int) else f'.{part}'
                    for part in error.absolute_path)
    return parts.lstrip('.')


def _expectation(rule: str, value: Any) -> str:
    if rule == 'type':
        return value if isinstance(value, str) else ' or '.join(value)
    if rule == 'minLength':
        return 'text that is not empty'
    return f'{rule} {json.dumps(value)}'


def _explain(error: Any) -> str:
    if error.validator == 'required':
        missing = [key for key in error.validator_value if key not in error.instance]
        return f'{", ".join(missing)} missing'
    expected = error.schema.get('description')
    if expected is None:
        expected = _expectation(error.validator, error.validator_value)
    shown = json.dumps(error.instance, ensure_ascii=False, default=repr)
    if len(shown) > SHOWN:
        shown = f'{shown[:SHOWN]}...'
    return f'got {shown}, expected {expected}'
