"""A protected set, and training sets in which known images of it are planted."""
import json
from pathlib import Path

from segvg.annotations.canonical import CanonicalWriter

PROTECTED = range(100, 140)
OTHERS = range(5000, 5060)


def write_canonical(folder: Path, name: str, split: str, images: list[dict],
                    texts: tuple = ('a man',)) -> Path:
    """Write a line per image, each with one box and the texts."""
    with CanonicalWriter(folder, name, {}) as writer:
        for image in images:
            writer.write(dict(
                image=dict(width=64, height=48, **image), split=split,
                instances=[dict(id=1, bbox=[0.0, 0.0, 9.0, 9.0])],
                exprs=[dict(id=i, text=text, targets=[0])
                       for i, text in enumerate(texts)]))
    return folder / f'{name}_{split}.jsonl'


def coco_image(number: int) -> dict:
    """The image of a group line."""
    return dict(id=f'coco:{number}', file=f'COCO_train2014_{number:012d}.jpg',
                coco_id=number)


def write_protected(folder: Path) -> Path:
    """40 images of COCO, 100 to 139, as a val split."""
    return write_canonical(folder, 'refcoco_unc', 'val', list(map(coco_image,
                                                                  PROTECTED)))


def write_json(path: Path, content: object) -> Path:
    """Write a JSON file."""
    path.write_text(json.dumps(content))
    return path


def write_coco(path: Path, names: list[str], first_id: int = 0) -> Path:
    """A COCO file whose images have running ids."""
    return write_json(path, dict(images=[
        dict(id=first_id + i, file_name=name) for i, name in enumerate(names)]))


def write_planted(folder: Path) -> dict[str, tuple[str, Path, int]]:
    """Training sets under four namings: naming -> format, file, number planted."""
    names = [f'COCO_train2014_{i:012d}.jpg' for i in (*PROTECTED[:7], *OTHERS)]
    later = [f'{i:012d}.jpg' for i in (*PROTECTED[:11], *OTHERS)]
    # ids that are numbers of protected images, but of other images
    renumbered = [f'train2017/{i:012d}.jpg' for i in (*OTHERS[:50], *PROTECTED[:13])]
    links = [dict(image_id=100 + i, coco_id=i if i % 2 else None, flickr_id=None)
             for i in (*PROTECTED[:9], *OTHERS)]
    write_json(folder / 'image_data.json', links)
    regions = [dict(id=link['image_id'], regions=[]) for link in links]
    planted_links = sum(i % 2 for i in PROTECTED[:9])
    return {
        'name of 2014': ('coco', write_coco(folder / 'a.json', names), 7),
        'name of 2017': ('coco', write_coco(folder / 'b.json', later), 11),
        'link of Visual Genome': ('vg', write_json(folder / 'c.json', regions),
                                  planted_links),
        'renumbered': ('coco', write_coco(folder / 'd.json', renumbered, 100), 13)}
