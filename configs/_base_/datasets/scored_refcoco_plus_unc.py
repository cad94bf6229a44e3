"""RefCOCO+, to be scored only: nothing is trained or validated."""
_base_ = './refcoco_plus_unc.py'
train_dataloader = None
val_dataloader = None
val_evaluator = None
