"""What is no bug of a command ends it with one line and an exit code."""
import os
import pty
import signal
import subprocess
import sys

import pytest

from segvg.structures.images import BrokenImageError
from segvg.utils.exits import ENDING, end_like_interrupts, one_line_errors
from tests.toy import ROOT


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


@pytest.mark.parametrize('number', ENDING)
def test_command_is_ended_by_signals_as_by_an_interrupt(number, capsys):
    @one_line_errors
    def main():
        signal.raise_signal(number)

    before = signal.signal(number, signal.SIG_DFL)  # the tests may run under nohup
    try:
        with pytest.raises(SystemExit) as stop:
            main()
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert stop.value.code == 130 and 'interrupted' in capsys.readouterr().err


@pytest.mark.parametrize('number, status', [
    (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, 7)])
def test_forked_process_is_not_interrupted(number, status):
    """A pool ends its processes by SIGTERM, and waits for those that go on."""
    @one_line_errors
    def main():
        child = os.fork()
        if not child:
            try:
                os.kill(os.getpid(), number)
                os._exit(7)
            except BaseException:
                os._exit(8)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    before = signal.signal(number, signal.SIG_DFL)
    try:
        assert main() == status
    finally:
        signal.signal(number, before)


def test_signal_that_is_ignored_stays_ignored():
    """As under ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @one_line_errors
    def main():
        signal.raise_signal(signal.SIGHUP)
        return 'went on'
    assert main() == 'went on'
    assert signal.signal(signal.SIGHUP, before) is signal.SIG_IGN


def test_command_that_loses_its_terminal_ends_in_order(tmp_path):
    code = f"""if True:
        import sys, time
        from segvg.utils.exits import one_line_errors
        @one_line_errors
        def main():
            try:
                print('ready', flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                print('what is there is kept', file=sys.stderr)
                open({str(tmp_path / 'kept')!r}, 'w').close()
                raise
        main()"""
    process, terminal = pty.fork()
    if not process:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, '-c', code])
    assert b'ready' in os.read(terminal, 100)
    os.close(terminal)
    status = os.waitpid(process, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 130 and (tmp_path / 'kept').exists()


@pytest.mark.parametrize('number', ENDING)
def test_one_of_several_processes_leaves_signals_to_the_system(number, monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')
    before = signal.getsignal(number)

    @one_line_errors
    def main():
        assert signal.getsignal(number) is before
    main()


@pytest.mark.parametrize('swallow', [False, True])
def test_interrupt_during_the_imports_of_a_command_is_one_line(swallow):
    # Tests that run in the background may have been told to ignore interrupts.
    program = ('import os, signal\n'
               'signal.signal(signal.SIGINT, signal.default_int_handler)\n'
               'import segvg.utils.exits\ntry:\n'
               '    os.kill(os.getpid(), signal.SIGINT)\n    for _ in range(9): pass\n'
               f'except {"BaseException" if swallow else "ValueError"}:\n'
               '    raise RecursionError')
    done = run_program(program)
    assert done.returncode == -signal.SIGINT and done.stderr == 'stopped: interrupted\n'


def test_bug_during_the_imports_of_a_command_is_shown_whole():
    done = run_program('import segvg.utils.exits; absent')
    assert done.returncode == 1 and 'Traceback' in done.stderr


def run_program(text):
    return subprocess.run([sys.executable, '-c', text], capture_output=True, text=True)


def test_only_commands_import_the_module_that_changes_how_python_ends():
    texts = {path.relative_to(ROOT).as_posix(): path.read_text('utf-8')
             for path in (ROOT / 'segvg').rglob('*.py')}
    assert {name for name, text in texts.items() if 'segvg.utils.exits' in text} == {
        'segvg/__main__.py', 'segvg/utils/command_line.py'}
    assert not [name for name, text in texts.items()
                if 'segvg.utils.command_line' in text]
