"""Foundation models: images as they are in their files; the model prepares them."""
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='PackGroundingInputs')
]
