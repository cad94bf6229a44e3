"""The look before writing: what is said of each kind of record."""
from segvg.annotations.preview import describe_line


def test_each_kind_of_record_is_described():
    line = dict(
        image=dict(id='own:1', file='a.jpg', width=64, height=48), split='val',
        instances=[dict(id=1, bbox=[4, 4, 24, 34.5], segm={'poly': []}),
                   dict(id=2, bbox=None, segm={'rle': {}})],
        exprs=[dict(id=1, text='both', targets=[0, 1]),
               dict(id=2, text='a bus', targets=[]),
               dict(id=3, text='a man rides', targets=[0], caption=True, phrases=[
                   dict(span=[[0, 5]], targets=[0]),
                   dict(span=[[6, 11]], targets=[])])])
    head = 'a.jpg  64 x 48 pixels, split val\n'
    box = 'box from x 4, y 4 to x 24, y 34.5 (20 x 30.5 pixels), with mask'
    assert list(describe_line(line)) == [
        f'{head}  "both"\n    {box}\n    no box, with mask',
        f'{head}  "a bus"\n    describes nothing in this image',
        f'{head}  "a man rides"\n    {box}\n    phrase "a man": {box}\n'
        '    phrase "rides": no box']
