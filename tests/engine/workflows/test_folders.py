"""Steps are done once, in order, and their settings stay what they were."""
from argparse import Namespace

import pytest

from segvg.engine.workflows.folders import StepFolders, check_settings


@pytest.fixture
def steps(tmp_path):
    return StepFolders(tmp_path, ['1_a', '2_b', '3_c'])


def test_done_step_is_not_repeated_and_a_failed_one_is(steps):
    calls = []

    def fail(folder):
        raise ValueError('no')

    steps.perform('1_a', calls.append)
    steps.perform('1_a', calls.append)
    assert calls == [steps.folder('1_a')]
    with pytest.raises(ValueError, match='no'):
        steps.perform('2_b', fail)
    assert [line.split()[1] for line in steps.table().splitlines()] == [
        'done', 'begun', 'not']


def test_forgetting_takes_what_builds_on_it(steps):
    for name in steps.names:
        steps.perform(name, lambda folder: (folder / 'weights').touch())
    steps.forget('2_b')
    assert list(map(steps.state, steps.names)) == ['done', 'not begun', 'not begun']


def test_result_of_a_step_is_kept(steps):
    for _ in range(2):  # the second time it is read
        assert steps.perform('1_a', lambda folder: dict(score=0.1)) == dict(score=0.1)
    assert steps.result('2_b') is None


def test_forgetting_follows_what_is_said_to_build_on_what(tmp_path):
    steps = StepFolders(tmp_path, 'abc', after=dict(c='a'))
    for name in steps.names:
        steps.perform(name, lambda folder: None)
    steps.forget('a')
    assert list(map(steps.is_done, 'abc')) == [False, True, False]
    with pytest.raises(ValueError, match='d is not one of the steps a, b, c'):
        steps.forget('d')


@pytest.mark.parametrize('flags,states', [
    (dict(status=True, restart=None), ['done', 'done', 'not']),
    (dict(status=True, restart='2_b'), ['done', 'not', 'not'])])
def test_status_and_restart_end_the_command(flags, states, steps, capsys):
    for name in steps.names[:2]:
        steps.perform(name, lambda folder: None)
    capsys.readouterr()
    with steps.locked(Namespace(**flags)) as ends:
        assert ends
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == states


def test_several_processes_do_not_restart(steps):
    args = Namespace(status=False, restart='1_a', launcher='pytorch')
    with pytest.raises(ValueError, match='first --restart with --status in one'):
        with steps.locked(args):
            pass


def test_other_settings_are_refused(tmp_path):
    check_settings(tmp_path, dict(percent=5, options=('a', 1)))
    check_settings(tmp_path, dict(percent=5, options=['a', 1]))
    with pytest.raises(ValueError, match=r'other settings \(percent 5, now 10\) and'):
        check_settings(tmp_path, dict(percent=10, options=['a', 1]))
