"""SAM 3, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='SAM3',
    name='facebook/sam3')
