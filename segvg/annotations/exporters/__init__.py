"""From canonical files to other formats, as far as those can hold what is in them."""
from collections.abc import Callable
from pathlib import Path

from segvg.annotations.exporters.base import Losses
from segvg.annotations.exporters.coco import export_coco, export_fiftyone
from segvg.annotations.exporters.label_studio import export_label_studio
from segvg.annotations.exporters.mdetr import export_mdetr
from segvg.annotations.exporters.odvg import export_odvg
from segvg.annotations.exporters.refer import export_grefcoco, export_refer

Export = Callable[[list[Path], Path, Losses], list[Path]]

# TARGET of tools/export_data.py -> writes the files
EXPORTERS: dict[str, Export] = dict(
    coco=export_coco, fiftyone=export_fiftyone, refer=export_refer,
    grefcoco=export_grefcoco, label_studio=export_label_studio, mdetr=export_mdetr,
    odvg=export_odvg)
# those that also write what a model found, for which --images may be needed
WITH_ANSWERS = ('coco', 'fiftyone', 'label_studio')

__all__ = ['EXPORTERS', 'WITH_ANSWERS', 'Export', 'Losses', 'export_label_studio']
