"""From canonical files to other formats, as far as those can hold what is in them."""
from collections.abc import Callable
from pathlib import Path

from segvg.annotations.exporters.base import Losses
from segvg.annotations.exporters.mdetr import export_mdetr
from segvg.annotations.exporters.odvg import export_odvg
from segvg.annotations.exporters.refer import export_grefcoco, export_refer

Export = Callable[[list[Path], Path, Losses], list[Path]]

# TARGET of tools/export_data.py -> writes the files
EXPORTERS: dict[str, Export] = dict(refer=export_refer, grefcoco=export_grefcoco,
                                    mdetr=export_mdetr, odvg=export_odvg)

__all__ = ['EXPORTERS', 'Export', 'Losses']
