"""What is no bug of a command ends it with one line and an exit code."""
import signal

import pytest

from segvg.structures.images import BrokenImageError
from segvg.utils.exits import end_like_interrupts, one_line_errors


def raising(error):
    @one_line_errors
    def main():
        raise error
    return main


def test_error_of_the_system_is_a_line():
    with pytest.raises(SystemExit) as stop:
        raising(FileNotFoundError(2, 'No such file', 'a.jpg'))()
    assert stop.value.code == "error: [Errno 2] No such file: 'a.jpg'"


def test_error_from_a_worker_is_its_last_line():
    with pytest.raises(SystemExit) as stop:
        raising(OSError('Caught OSError in worker\nTraceback\nOSError: a.jpg'))()
    assert stop.value.code == 'error: OSError: a.jpg'


def test_message_of_several_lines_is_whole():
    with pytest.raises(SystemExit) as stop:
        raising(OSError('no file; it is made by\n  a command'))()
    assert stop.value.code == 'error: no file; it is made by\n  a command'


def test_interrupt_has_its_own_code(capsys):
    with pytest.raises(SystemExit) as stop:
        raising(KeyboardInterrupt())()
    assert stop.value.code == 130 and 'interrupted' in capsys.readouterr().err


def test_bug_keeps_its_traceback():
    with pytest.raises(TypeError):
        raising(TypeError('x'))()


def test_signal_ends_like_an_interrupt():
    before = signal.getsignal(signal.SIGTERM)
    end_like_interrupts(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, before)


def test_image_that_cannot_be_read_is_one_line_and_other_values_are_not(tmp_path):
    @one_line_errors
    def broken():
        raise BrokenImageError('a.jpg cannot be read as an image')

    @one_line_errors
    def wrong():
        raise ValueError('a bug')
    with pytest.raises(SystemExit, match='error: a.jpg cannot be read as an image'):
        broken()
    with pytest.raises(ValueError, match='a bug'):
        wrong()


def test_file_that_is_not_replaced_has_an_exit_code_of_its_own(capsys):
    @one_line_errors
    def main():
        raise FileExistsError('a.json exists already')
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert capsys.readouterr().err == 'error: a.json exists already\n'


def test_command_is_ended_by_sigterm_as_by_an_interrupt(capsys, monkeypatch):
    @one_line_errors
    def main():
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 130 and 'interrupted' in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_one_of_several_processes_leaves_sigterm_to_the_system(monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')
    before = signal.getsignal(signal.SIGTERM)

    @one_line_errors
    def main():
        assert signal.getsignal(signal.SIGTERM) is before
    main()
