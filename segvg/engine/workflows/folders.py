"""Steps of one command, each in a folder of its own and done once."""
import json
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Sequence

from mmengine.dist import barrier, is_main_process

DONE = 'done'
SETTINGS = 'settings.json'


class StepFolders:
    """What is done of some steps stands in files: a stop loses the current step only.

    Args:
        work_dir: holds a folder for each step.
        names: of the steps, in order.
    """

    def __init__(self, work_dir: Path, names: Sequence[str]) -> None:
        self.work_dir = work_dir
        self.names = tuple(names)

    def folder(self, name: str) -> Path:
        """Return the folder of a step."""
        return self.work_dir / name

    def state(self, name: str) -> str:
        """Return ``done``, ``begun`` or ``not begun``."""
        folder = self.folder(name)
        if (folder / DONE).exists():
            return 'done'
        return 'begun' if folder.exists() else 'not begun'

    def table(self) -> str:
        """Return a line for each step with its state and folder."""
        width = max(map(len, self.names))
        return '\n'.join(f'{name:{width}}  {self.state(name):9}  {self.folder(name)}'
                         for name in self.names)

    def perform(self, name: str, action: Callable[[Path], None]) -> None:
        """Do a step in its folder unless it is done.

        Args:
            name: of the step.
            action: does it, and goes on with it where it was stopped.
        """
        folder = self.folder(name)
        if (folder / DONE).exists():
            print(f'{name}: done before', flush=True)
            return
        print(f'{name}: begins', flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        action(folder)
        barrier()
        if is_main_process():
            (folder / DONE).touch()
        barrier()
        print(f'{name}: done', flush=True)

    def forget(self, name: str) -> None:
        """Remove what a step and those after it have made."""
        for other in self.names[self.names.index(name):]:
            shutil.rmtree(self.folder(other), ignore_errors=True)


def check_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Note the settings that a folder is made with, or compare them with the note.

    Raises:
        ValueError: it was begun with others.
    """
    path = folder / SETTINGS
    settings = json.loads(json.dumps(settings, default=str))
    if path.exists():
        known = json.loads(path.read_text('utf-8'))
        other = [f'{key} {known.get(key)!r}, now {settings.get(key)!r}'
                 for key in {**known, **settings}
                 if known.get(key) != settings.get(key)]
        if other:
            raise ValueError(f'{folder} was begun with other settings ('
                             f'{"; ".join(other)}): remove it or give another '
                             '--work-dir')
        return
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f'{path.name}.{os.getpid()}')  # several may write it
    draft.write_text(json.dumps(settings, indent=1) + '\n', 'utf-8')
    draft.replace(path)
