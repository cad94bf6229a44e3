"""SeqTR with ConvNeXtV2-B and word vectors, boxes; the maps have DarkNet's channels.

Pixels are normalized as ConvNeXtV2 was trained.
"""
_base_ = './seqtr_darknet53.py'
model = dict(
    data_preprocessor=dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    image_encoder=dict(
        _delete_=True,
        type='HuggingFaceBackbone',
        config=dict(
            model_type='convnextv2',
            hidden_sizes=[128, 256, 512, 1024],
            depths=[3, 3, 27, 3]),
        out_indices=(2, 3, 4),
        init_cfg=dict(
            type='HuggingFacePretrained',
            name='data/pretrained/convnextv2-base-22k-384')))
