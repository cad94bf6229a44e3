"""Entries and annotations of MDETR files, and files that hold them."""
from tests.annotations.readers.sources import COCO_FILE, brief, read, write_json

REFEXP, GREFCOCO = 'finetune_refcoco_val.json', 'finetune_grefcoco_val.json'
FLICKR, MIXED = 'final_flickr_separateGT_val.json', 'final_mixed_train.json'
CATEGORIES = [dict(id=1, name='person'), dict(id=3, name='car')]
NAN = float('nan')


def entry(number=0, caption='left man', **changes):
    """An expression on an image of 64 x 48 pixels."""
    return {'id': number, 'original_id': 101, 'file_name': COCO_FILE, 'height': 48,
            'width': 64, 'caption': caption, 'dataset_name': 'refcoco',
            'tokens_negative': [], **changes}


def box(number=0, image_id=0, **changes):
    """A box of 20 x 30 pixels for the word ``man``."""
    return {'id': number, 'image_id': image_id, 'original_id': 7001, 'category_id': 1,
            'bbox': [4, 4, 20, 30], 'area': 600, 'iscrowd': 0,
            'tokens_positive': [[5, 8]], **changes}


def nothing(number=0, image_id=0, **changes):
    """The mark of an entry without a target."""
    return box(number, image_id, **{
        'original_id': -1, 'category_id': -1, 'bbox': [0, 0, 0, 0], 'area': -1,
        'iscrowd': -1, 'empty': True, **changes})


def caption(number=0, text='A man and two dogs', evaluated=((0, 5),), **changes):
    """A caption of Flickr30k; sizes are text."""
    return {'id': number, 'original_img_id': 1001, 'file_name': '1001.jpg',
            'height': '40', 'width': '60', 'caption': text, 'sentence_id': 3,
            'tokens_negative': [], 'dataset_name': 'flickr',
            'tokens_positive_eval': [[list(span)] for span in evaluated], **changes}


def flickr_box(number=0, image_id=0, **changes):
    """A box of Flickr30k: corners 1, 1 and 20, 30, both inside."""
    record = box(number, image_id, bbox=[1, 1, 19, 29], area=551,
                 tokens_positive=[[0, 5]])
    del record['original_id']
    return {**record, **changes}


def without(record, name):
    return {key: value for key, value in record.items() if key != name}


def read_entries(folder, name, entries, annotations, categories=CATEGORIES, **options):
    kind = next(kind for kind in ('grefcoco', 'flickr', 'mixed', 'refexp')
                if kind in name or kind == 'refexp')
    write_json(folder / name, dict(images=entries, annotations=annotations,
                                   categories=categories))
    lines, findings = read(f'mdetr_{kind}', folder, **options)
    return lines, brief(findings)


def at(findings, name):
    """Findings without the file, which is always the same."""
    assert all(found[1] == name for found in findings)
    return [(code, place, action) for code, _, place, action in findings]
