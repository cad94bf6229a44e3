"""What a data loader makes of the samples of a batch."""
from typing import Any, Sequence

from mmengine.dataset import pseudo_collate

from segvg.registry import FUNCTIONS
from segvg.structures import ExpressionGroup
from segvg.structures.collate import collate


@FUNCTIONS.register_module()
def collate_grounding(items: Sequence[dict]) -> Any:
    """Return the batch of what ``PackGroundingInputs`` made of each image.

    It is stacked where the images were loaded, in a worker, and is one buffer that is
    pinned (``pin_memory`` of the loader) and moved at once. Samples of another form are
    collected as mmengine's ``pseudo_collate`` does.

    Raises:
        ValueError: some expressions of the batch have phrases, some have not.
    """
    if not all(isinstance(item, dict)
               and isinstance(item.get('data_samples'), ExpressionGroup)
               for item in items):
        return pseudo_collate(items)
    return collate([item['inputs'] for item in items],
                   [item['data_samples'] for item in items])
