"""A grounder with parts of one's own on SynthRef L0.

PYTHONPATH=examples/own_parts python tools/train.py \\
    examples/own_parts/own_parts_synthref_l0.py
"""
_base_ = ['../../configs/segvg/segvg_tiny_synthref_l0.py']
custom_imports = dict(imports=['my_parts'], allow_failed_imports=False)
model = dict(
    _delete_=True,
    type='TwoTowerGrounder',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=_base_.model.image_encoder,
    language_encoder=_base_.model.language_encoder,
    fusion=dict(type='SentenceGate', text_channels=64, channels=64),
    head=dict(
        type='HeatHead',
        channels=64,
        loss_mask=dict(type='FocalDiceLoss'),
        loss_box=dict(type='BoxLoss', l1_weight=5.0, giou_weight=2.0)))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadGroundingAnnotations'),
            dict(type='Resize', long=64),
            dict(type='PlaceOnCanvas', size=64, mode='center'),
            dict(type='CrossBoxMask'),
            dict(
                type='TokenizeExpression',
                max_length=20,
                tokenizer=dict(
                    type='WordPieceTokenizer',
                    vocab='synthref')),
            dict(type='PackGroundingInputs')
        ]))
