"""Settings of a config on the command line."""
import argparse

import pytest

from segvg.utils.command_line import add_config_options


def options_of(*values):
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    return parser.parse_args(['--cfg-options', *values]).cfg_options


@pytest.mark.parametrize('value, read', [
    ('1,2', [1, 2]), ('[3]', [3]), ('(2,)', (2, )), ('(0.8,0.9)', (0.8, 0.9)),
    ('[(1,2),(3,4)]', [(1, 2), (3, 4)]), ('[]', []), ('None', None), ('a.b', 'a.b'),
    ("{'type': 'X', 'size': (1, 2)}", dict(type='X', size=(1, 2))),
    ("[{'type': 'X'}, {'type': 'Y'}]", [dict(type='X'), dict(type='Y')])])
def test_lists_tuples_and_dicts_are_read(value, read):
    assert options_of(f'a.0.b={value}', 'c=1') == {'a.0.b': read, 'c': 1}


@pytest.mark.parametrize('option, told', [
    ('epochs', "'epochs' is not KEY=VALUE"), ('=3', "'=3' is not KEY=VALUE"),
    ('a=[(1,2]', 'brackets have to be balanced'),
    ('a={type:X}', 'a dict is written with quotes')])
def test_what_cannot_be_read_is_told(option, told, capsys):
    with pytest.raises(SystemExit) as stop:
        options_of(option)
    assert stop.value.code == 2 and told in capsys.readouterr().err
