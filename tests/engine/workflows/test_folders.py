"""Steps are done once, in order, and their settings stay what they were."""
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


def test_other_settings_are_refused(tmp_path):
    check_settings(tmp_path, dict(percent=5, options=('a', 1)))
    check_settings(tmp_path, dict(percent=5, options=['a', 1]))
    with pytest.raises(ValueError, match='other settings .percent 5, now 10.: remove'):
        check_settings(tmp_path, dict(percent=10, options=['a', 1]))
