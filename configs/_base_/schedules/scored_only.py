"""No training: a published model is scored as it is."""
test_cfg = dict(type='TestLoop')
