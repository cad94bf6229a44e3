"""How a data loader makes a batch of samples."""
from typing import Any, Sequence

from mmengine.dataset import pseudo_collate

from segvg.registry import FUNCTIONS
from segvg.structures import ExpressionGroup
from segvg.structures.collate import collate


@FUNCTIONS.register_module()
def collate_grounding(items: Sequence[dict]) -> Any:
    """Return the batch of what ``PackGroundingInputs`` made of each image.

    The worker that loaded the images also stacks them, into one buffer, which is pinned
    (``pin_memory`` of the loader) and copied to the device in one step. Samples of
    another form are collected as mmengine's ``pseudo_collate`` does.

    Raises:
        ValueError: some expressions of the batch have phrases and some do not.
    """
    if not all(isinstance(item, dict)
               and isinstance(item.get('data_samples'), ExpressionGroup)
               for item in items):
        return pseudo_collate(items)
    return collate([item['inputs'] for item in items],
                   [item['data_samples'] for item in items])
