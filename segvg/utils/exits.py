"""How a command ends when the machine or the user stops it."""
import contextlib
import functools
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Callable, Iterator, NoReturn, Optional

from segvg.utils.config_faults import config_fault
from segvg.utils.errors import InputError

#: Exit codes of a command that was interrupted and of one whose output nobody reads
#: any more, as shells have them.
INTERRUPTED = 130
BROKEN_PIPE = 141
#: Exit code of a command that would replace a file: it was used in a wrong way.
NOT_REPLACED = 2
#: Signals that end a command as an interrupt does. ``kill`` sends SIGTERM. SIGHUP is
#: sent when a terminal is closed or a connection is lost; Windows lacks it.
ENDING = [getattr(signal, name) for name in ('SIGTERM', 'SIGHUP')
          if hasattr(signal, name)]


def one_line_errors(main: Callable[..., Any]) -> Callable[..., Any]:
    """Make a command end with one line, not a traceback, for what is not its own bug.

    That is an error of the system (a full disk, a forbidden folder, a missing file), an
    ``InputError``, an image that cannot be read or a part that the config describes
    wrongly, exit code 1; a file that is not to be replaced, exit code 2; or an
    interrupt, SIGTERM or SIGHUP, exit code 130.
    """
    @functools.wraps(main)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if sys.excepthook is _tell_early_interrupt:
            sys.excepthook = _excepthook  # the imports are over
        try:
            with _ended_by_signals():
                return main(*args, **kwargs)
        except KeyboardInterrupt:
            print('stopped: interrupted', file=sys.stderr)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:  # the reader of the output, such as head, has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(BROKEN_PIPE)
        except (OSError, InputError) as error:
            end_with(error, f'error: {message_of(error)}')
        except ValueError as error:
            from segvg.structures.images import BrokenImageError  # slow: pillow, numpy
            if not isinstance(error, BrokenImageError):
                raise
            end_with(error, f'error: {message_of(error)}')
        except (KeyError, TypeError) as error:
            fault = config_fault(error)
            if fault is None:
                raise
            sys.exit(f'error: {fault}')
    return wrapped


def _raise_interrupt(number: int, frame: Optional[FrameType]) -> NoReturn:
    """Raise ``KeyboardInterrupt`` and remember it."""
    _interrupts.append(number)
    signal.default_int_handler(number, frame)


def _tell_early_interrupt(kind: type[BaseException], error: BaseException,
                          trace: Optional[TracebackType]) -> None:
    """Print one line where an interrupt ends a command that still imports its packages.

    It may end it by another error: some packages fail when their import is stopped. The
    process ends by the signal, which shells count as exit code 130.
    """
    if not _interrupts and not issubclass(kind, KeyboardInterrupt):
        _excepthook(kind, error, trace)
        return
    print('stopped: interrupted', file=sys.stderr, flush=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


# Commands import this module before the slow packages, and nothing else imports it.
_interrupts: list[int] = []
_excepthook, sys.excepthook = sys.excepthook, _tell_early_interrupt
if (threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler):
    signal.signal(signal.SIGINT, _raise_interrupt)


def end_with(error: BaseException, message: str) -> NoReturn:
    """End the program with a message; the exit code depends on the error."""
    if isinstance(error, FileExistsError):
        print(message, file=sys.stderr)
        sys.exit(NOT_REPLACED)
    sys.exit(message)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Make the signals of ``ENDING`` interrupts inside the block.

    A signal that is ignored stays ignored: ``nohup`` keeps a training alive that way.
    With several processes the handlers of the system stay: a process that waits for the
    others may never run a handler in Python.
    """
    before = {number: signal.getsignal(number) for number in ENDING}
    sizes = (os.environ.get(name, '1') for name in ('WORLD_SIZE',
                                                    'OMPI_COMM_WORLD_SIZE'))
    if set(sizes) == {'1'}:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                end_like_interrupts(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


def end_like_interrupts(number: int) -> None:
    """Make a signal raise ``KeyboardInterrupt``, so that ``finally`` blocks run.

    Forked processes do not inherit the handler. SIGTERM ends them at once, which
    ``multiprocessing.Pool`` relies on: a handler in Python may never run in a process
    that waits for a lock. They ignore SIGHUP, which the system sends to all processes
    of a terminal: this process ends them.
    """
    def interrupt(*_: Any) -> None:
        _leave_lost_terminal()
        raise KeyboardInterrupt
    if threading.current_thread() is threading.main_thread():
        _handlers[number] = interrupt
        signal.signal(number, interrupt)


def _forget_handlers() -> None:
    """Remove the handlers from a process that was forked."""
    for number, handler in _handlers.items():
        if signal.getsignal(number) is handler:
            signal.signal(number, _nothing if number == signal.SIGHUP
                          else signal.SIG_DFL)


def _nothing(*_: Any) -> None:
    """Ignore a signal, which the parent process handles."""


_handlers: dict[int, Any] = {}
os.register_at_fork(after_in_child=_forget_handlers)


def _leave_lost_terminal() -> None:
    """Redirect output to the null device if its terminal was closed.

    Otherwise the first message at the end would fail, and hide why the command ends.
    """
    for number in (1, 2):
        try:
            os.write(number, b'')
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def message_of(error: BaseException) -> str:
    """Return the message of an error; one from a worker process has it in its end."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[-1] if text.startswith('Caught ') else text
