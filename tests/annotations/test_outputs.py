"""What is written replaces neither an input nor a file that is there."""
from argparse import ArgumentParser

import pytest

from segvg.annotations.outputs import (
    MaskCopies,
    add_overwrite,
    check_output,
    check_outputs,
)


def test_inputs_are_never_replaced_and_other_files_when_asked(tmp_path):
    source, other = tmp_path / 'a.jsonl', tmp_path / 'b.jsonl'
    check_output(other, [source])
    for path in (source, other):
        path.write_text('x')
    with pytest.raises(FileExistsError, match='is read and would be overwritten'):
        check_output(tmp_path / '.' / 'a.jsonl', [source], overwrite=True)
    with pytest.raises(FileExistsError, match='--overwrite'):
        check_output(other, [source])
    check_output(other, [source], overwrite=True)
    other.write_text('')
    check_output(other, [source])  # nothing to lose


def test_several_outputs_are_checked_and_those_not_asked_for_are_not(tmp_path):
    (tmp_path / 'b').write_text('x')
    check_outputs([None, tmp_path / 'a', '/dev/null'], [tmp_path / 'b'])
    with pytest.raises(FileExistsError, match='b exists already'):
        check_outputs([tmp_path / 'a', str(tmp_path / 'b')])
    with pytest.raises(FileExistsError, match='is read'):
        check_outputs([tmp_path / 'b'], [str(tmp_path / 'b')], overwrite=True)


def test_flag_is_off_unless_given():
    parser = ArgumentParser()
    add_overwrite(parser)
    assert not parser.parse_args([]).overwrite
    assert parser.parse_args(['--overwrite']).overwrite


def test_mask_files_go_with_their_lines(tmp_path):
    old, new = tmp_path / 'old', tmp_path / 'new'
    (old / 'masks').mkdir(parents=True)
    (old / 'masks/a.png').write_bytes(b'1')
    line = dict(instances=[dict(segm={'file': 'masks/a.png'}), dict(segm=None), {},
                           dict(segm={'file': 'masks/missing.png'})])
    MaskCopies(old, new).copy(line)
    MaskCopies(old, new).copy(line)  # the same file is no other file
    assert [path.name for path in new.rglob('*.png')] == ['a.png']
    (new / 'masks/a.png').write_bytes(b'2')
    with pytest.raises(FileExistsError):
        MaskCopies(old, new).copy(line)
    MaskCopies(old, old).copy(line)
