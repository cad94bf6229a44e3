"""Several data sets as one."""
from typing import Any, Optional, Sequence

from mmengine.dataset import ConcatDataset

from segvg.registry import DATASETS


@DATASETS.register_module()
class JoinedDataset(ConcatDataset):
    """``ConcatDataset`` with one pipeline for all.

    Args:
        datasets: configs of the data sets, one after another.
        pipeline: transforms of those that name none.
        image_cache: folder of decoded images of those that name none.
        kwargs: of ``ConcatDataset``.
    """

    def __init__(self, datasets: Sequence[dict], pipeline: Sequence[dict] = (), *,
                 image_cache: Optional[str] = None, **kwargs: Any) -> None:
        shared = dict(pipeline=list(pipeline))
        if image_cache is not None:
            shared['image_cache'] = image_cache
        super().__init__([{**shared, **part} for part in datasets], **kwargs)
