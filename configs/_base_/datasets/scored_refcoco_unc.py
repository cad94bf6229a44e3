"""RefCOCO, partition of UNC, to be scored only: nothing is trained or validated."""
_base_ = './refcoco_unc.py'
train_dataloader = None
val_dataloader = None
val_evaluator = None
# Images stay apart: a foundation model prepares each by itself.
test_dataloader = dict(collate_fn=dict(type='pseudo_collate'))
