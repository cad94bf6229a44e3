"""What the readers of own formats find: images, objects, sentences."""
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Optional, Union

from segvg.annotations.readers.base import Context, Errors


class OwnImage(NamedTuple):
    """An image as its annotation names it.

    Attributes:
        name: whole name; what it is relative to does not matter, if it differs for
            different images.
        width, height: as annotated; None when they are not.
        shorter: names to try as well, where no other image of the set has them.
        said: the name before anything was cut off; one name is one image.
    """

    name: str
    width: Optional[int] = None
    height: Optional[int] = None
    shorter: tuple[str, ...] = ()
    said: Optional[str] = None


class Shape(NamedTuple):
    """Where an object is.

    Attributes:
        bbox: xyxy, half-open, pixels; None beside a mask.
        segm: a mask as ``check_mask`` takes it; None for none.
        written: the mask to write instead, such as a file by its relative name.
    """

    bbox: Optional[list[float]]
    segm: object = None
    written: Optional[dict] = None


@dataclass
class OwnObject:
    """An object.

    Attributes:
        ctx: where it stands.
        shape: makes its shape from width and height of the image; ValueError says what
            is wrong with it.
        id: in the source; None when it has none, then equal shapes are one object.
        errors: what makes it useless.
    """

    ctx: Context
    shape: Optional[Callable[[int, int], Shape]]
    id: Union[int, str, None] = None
    category_id: Union[int, str, None] = None
    iscrowd: int = 0
    errors: Errors = field(default_factory=list)


@dataclass
class OwnSentence:
    """The sentences of one record, and the objects that each of them means.

    Attributes:
        ctx: where the record stands.
        split: as the source names it.
        image: None when it is not known.
        texts: the sentences, None for one that cannot be read; an empty list for an
            object that no sentence means.
        objects: what they mean; none when they describe nothing in the image.
        errors: what skips the record.
        extra: further fields of the record.
        src: number of the file, and of the record in it.
        joins: records of one image with equal values here and equal texts are one
            sentence about all their objects; None joins nothing.
    """

    ctx: Context
    split: str
    image: Optional[OwnImage]
    texts: list
    objects: list[OwnObject]
    errors: Errors = field(default_factory=list)
    extra: dict = field(default_factory=dict)
    src: tuple[int, int] = (0, 0)
    joins: object = None


def exactly(bbox: Optional[list[float]], segm: object = None,
            written: Optional[dict] = None) -> Callable[[int, int], Shape]:
    """The maker of a shape that is known in pixels."""
    shape = Shape(bbox, segm, written)
    return lambda width, height: shape
