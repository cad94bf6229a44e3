"""What a result was made on: versions, processor, code."""
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Optional

import torch

PACKAGES = ('torch', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection',
            'transformers', 'numpy', 'pycocotools', 'pillow')


def processor() -> str:
    """Return the name of the processor, where the system gives it."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(':', 1)[1].strip() for line in lines
             if line.startswith('model name')]
    return names[0] if names else platform.processor()


def environment() -> dict[str, str]:
    """Return versions of Python and packages, system and processor."""
    found = dict(python=platform.python_version(), system=platform.system(),
                 processor=processor())
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = 'absent'
    if torch.cuda.is_available():
        found['gpu'] = torch.cuda.get_device_name()
        found['cuda'] = str(torch.version.cuda)
    return found


def code_version() -> dict:
    """Return the version of segvg and, from a clone, its commit.

    ``changed``: whether files were changed since that commit.
    """
    from segvg.version import __version__
    root = Path(__file__).resolve().parents[2]
    commit = _git(root, 'rev-parse', 'HEAD')
    changes = _git(root, 'status', '--porcelain', '--untracked-files=no')
    return dict(version=__version__, commit=commit,
                changed=None if commit is None else bool(changes))


def _git(root: Path, *command: str) -> Optional[str]:
    """Return what git says, or None outside of a clone."""
    if not (root / '.git').exists():
        return None
    try:
        done = subprocess.run(['git', *command], cwd=root, capture_output=True,
                              text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
