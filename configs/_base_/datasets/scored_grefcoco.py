"""gRefCOCO, to be scored only: nothing is trained or validated."""
_base_ = './grefcoco.py'
train_dataloader = None
val_dataloader = None
val_evaluator = None
