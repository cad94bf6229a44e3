"""Which kinds of MDETR files there are, and how each is read."""
from typing import NamedTuple, Optional


class Flavour(NamedTuple):
    """How files of one kind are read.

    Attributes:
        files: how they are named.
        pattern: the same, to find set and split in a name.
        captions: whether boxes belong to phrases of a caption.
        one_based: whether boxes are inclusive corners counted from 1.
        namespace: of the images that are not COCO's.
        name: of the data set; None takes it from the names of the files.
        first_category: number of the first category listed; None takes the numbers
            that the list itself gives.
    """

    files: str
    pattern: str
    captions: bool = False
    one_based: bool = False
    namespace: str = 'file'
    name: Optional[str] = None
    first_category: Optional[int] = None


NAME = r'(?P<set>{sets})_(?P<split>[^_]+){end}\.json'
# FORMAT of tools/prepare_data.py -> names of its files, and how those are read
FLAVOURS = dict(
    mdetr_refexp=Flavour('finetune_<set>_<split>.json',
                         NAME.format(sets='finetune_(?!grefcoco_).+', end='')),
    mdetr_grefcoco=Flavour('finetune_grefcoco_<split>.json',
                           NAME.format(sets='finetune_grefcoco', end='')),
    mdetr_flickr=Flavour('final_flickr_<boxes>_<split>.json',
                         NAME.format(sets='final_flickr(_[^_]+)?', end=''),
                         captions=True, one_based=True, namespace='flickr30k'),
    mdetr_mixed=Flavour('final_mixed_<split>.json or final_refexp_<split>.json',
                        NAME.format(sets='final_(mixed|refexp)',
                                    end='(?P<end>_no_coco)?'), captions=True,
                        namespace='vg'),
    # objects have VisDrone's numbers, pedestrian 1 to motor 10; the list counts from 0
    refdrone=Flavour('RefDrone_<split>_mdetr.json',
                     NAME.format(sets='RefDrone', end='_mdetr'), name='refdrone',
                     first_category=1))
