"""Steps of one command, each in a folder of its own, done once and resumed.

Every command that works in several steps uses this: what is done of them stands in
files, so that a stop loses the current step at most, and ``--status`` and ``--restart``
mean the same everywhere.
"""
import argparse
import contextlib
import copy
import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process

from segvg.engine.resume import find_last_checkpoint
from segvg.utils.files import write_whole
from segvg.utils.folder_lock import is_first_process, lock_folder

DONE = 'done'
SETTINGS = 'settings.json'
#: Longer values are left out of the message about other settings.
SHOWN = 80


def _say(text: str) -> None:
    print(text, flush=True)


class StepFolders:
    """The steps of a command and what is done of them.

    Args:
        work_dir: holds a folder for each step.
        names: of the steps, in order; a name may hold slashes.
        after: the steps that each builds on; by default every step builds on the one
            before it.
        shared: whether other commands may work in ``work_dir``, too: then each step is
            locked while it is done, not the whole folder.
        say: takes a line about the progress; by default it is printed.
    """

    def __init__(self, work_dir: Path, names: Sequence[str], *,
                 after: Optional[Mapping[str, Sequence[str]]] = None,
                 shared: bool = False, say: Callable[[str], None] = _say) -> None:
        self.work_dir = Path(work_dir)
        self.names = tuple(names)
        if after is None:
            after = {name: [before] for before, name in zip(names, names[1:])}
        self.after = after
        self.shared = shared
        self.say = say

    def folder(self, name: str) -> Path:
        """Return the folder of a step."""
        return self.work_dir / name

    def is_done(self, name: str) -> bool:
        """Return whether a step is done."""
        return (self.folder(name) / DONE).exists()

    def result(self, name: str) -> Any:
        """Return what the action of a step that is done returned."""
        path = self.folder(name) / DONE
        return json.loads(path.read_text('utf-8')) if path.exists() else None

    def state(self, name: str) -> str:
        """Return ``done``, ``begun`` or ``not begun``."""
        if self.is_done(name):
            return 'done'
        return 'begun' if self.folder(name).exists() else 'not begun'

    def table(self) -> str:
        """Return a line for each step with its state and folder."""
        width = max(map(len, self.names))
        return '\n'.join(f'{name:{width}}  {self.state(name):9}  {self.folder(name)}'
                         for name in self.names)

    def perform(self, name: str, action: Callable[[Path], Any]) -> Any:
        """Do a step in its folder unless it is done, and return its result.

        Args:
            name: of the step.
            action: does it, and resumes it where it was stopped. What it returns is
                kept as JSON.
        """
        if self.is_done(name):
            self.say(f'{name}: was done before')
            return self.result(name)
        folder = self.folder(name)
        self.say(f'{name}: {"resumes" if folder.exists() else "begins"}')
        with self._lock(folder) if self.shared else nullcontext():
            folder.mkdir(parents=True, exist_ok=True)
            result = action(folder)
            barrier()
            if is_main_process():
                write_whole(folder / DONE, json.dumps(result, indent=1) + '\n')
            barrier()
        self.say(f'{name}: done')
        return result

    @staticmethod
    def _lock(folder: Path) -> contextlib.AbstractContextManager:
        """Lock a folder for the processes that train as one."""
        return lock_folder(folder) if is_first_process() else nullcontext()

    def forget(self, name: str) -> None:
        """Remove the results of a step and of those that build on it.

        Raises:
            ValueError: the step does not exist.
        """
        self.check_names([name])
        removed = {name}
        for other in self.names:  # a step stands behind those that it builds on
            if removed.intersection(self.after.get(other, ())):
                removed.add(other)
        for other in self.names:
            if other in removed:
                shutil.rmtree(self.folder(other), ignore_errors=True)

    def check_names(self, names: Sequence[str]) -> None:
        """Refuse names of steps that do not exist.

        Raises:
            ValueError: one of the steps does not exist.
        """
        for name in names:
            if name not in self.names:
                raise ValueError(f'{name} is not one of the steps '
                                 f'{", ".join(self.names)}')

    @contextlib.contextmanager
    def locked(self, args: argparse.Namespace) -> Iterator[bool]:
        """Lock the work folder for this command, and do what its flags ask for.

        Args:
            args: with the flags of ``add_step_options``.

        Yields:
            Whether the command ends here, after ``--status``.

        Raises:
            FolderInUseError: another process works in the folder.
            ValueError: the step does not exist, or several processes would remove it.
        """
        if args.restart and getattr(args, 'launcher', 'none') != 'none':
            raise ValueError('--restart removes folders, which several processes '
                             'cannot do at once: first --restart with --status in one '
                             'process, then the training')
        if args.status and not args.restart:
            self.say(self.table())
            yield True
            return
        with nullcontext() if self.shared else self._lock(self.work_dir):
            if args.restart:
                self.forget(args.restart)
            if args.status:
                self.say(self.table())
            yield args.status


def check_settings(folder: Path, settings: dict[str, Any],
                   file: str = SETTINGS) -> None:
    """Note the settings that a folder is made with, or compare them with the note.

    Args:
        folder: of what is made.
        settings: what decides how it is made.
        file: name of the note.

    Raises:
        ValueError: it was begun with others; names them.
    """
    path = Path(folder) / file
    settings = json.loads(json.dumps(settings, default=str))
    if not path.exists():
        write_whole(path, json.dumps(settings, indent=1) + '\n')
        return
    known = json.loads(path.read_text('utf-8'))
    other = [_difference(key, known.get(key), settings.get(key))
             for key in {**known, **settings} if known.get(key) != settings.get(key)]
    if other:
        raise ValueError(f'{folder} was begun with other settings ({"; ".join(other)}) '
                         'and cannot be resumed with these: remove it or give another '
                         '--work-dir')


def _difference(key: str, known: Any, now: Any) -> str:
    """Return how a message names a setting with two values."""
    text = f'{key} {known!r}, now {now!r}'
    return text if len(text) <= SHOWN else key


def training_in(cfg: Config, folder: Path, load_from: Optional[str],
                hooks: Sequence[dict] = ()) -> Config:
    """Return the config of a training that is resumed if it was stopped.

    Args:
        cfg: of the training.
        folder: its work folder.
        load_from: weights to begin with.
        hooks: further hooks.
    """
    new = copy.deepcopy(cfg)
    new.work_dir = str(folder)
    # Several runners in one process must not share what they know by name.
    new.experiment_name = f'{folder.parent.name}_{folder.name}'
    new.visualizer.name = f'{new.visualizer.get("name", "visualizer")}_{folder.name}'
    new.custom_hooks = [*(cfg.get('custom_hooks') or []), *hooks]
    last = find_last_checkpoint(folder)
    new.resume = last is not None
    new.load_from = str(last) if last else load_from
    return new
