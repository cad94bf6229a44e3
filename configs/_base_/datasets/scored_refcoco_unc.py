"""RefCOCO, partition of UNC, to be scored only: nothing is trained or validated."""
_base_ = './refcoco_unc.py'
train_dataloader = None
val_dataloader = None
val_evaluator = None
