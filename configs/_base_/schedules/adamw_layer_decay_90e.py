"""AdamW for 90 epochs as adamw_90e.py; rates of the backbone fall towards its input."""
_base_ = './adamw_90e.py'
optim_wrapper = dict(
    constructor='LayerDecayConstructor',
    paramwise_cfg=dict(
        _delete_=True,
        parts={
            'image_encoder.backbone': dict(rate=0.1, layer_decay=0.8),
            'language_encoder': dict(rate=0.1)
        }))
