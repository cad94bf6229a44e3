"""Several data sets as one."""
from typing import Any, Sequence

from mmengine.dataset import ConcatDataset

from segvg.registry import DATASETS


@DATASETS.register_module()
class JoinedDataset(ConcatDataset):
    """``ConcatDataset`` with one pipeline for all.

    Args:
        datasets: configs of the data sets, one after another.
        pipeline: transforms of those that name none.
        kwargs: of ``ConcatDataset``.
    """

    def __init__(self, datasets: Sequence[dict], pipeline: Sequence[dict] = (),
                 **kwargs: Any) -> None:
        super().__init__([{'pipeline': list(pipeline), **part} for part in datasets],
                         **kwargs)
