"""The canonical form as types: what a line and a meta file of ``segvg-jsonl`` hold.

``docs/annotation_format.md`` explains every field, ``canonical.schema.json`` beside
this file says the same to programs, and a test holds the three against each other and
against the writer. Boxes are ``[x1, y1, x2, y2]`` in pixels of the image as stored,
with half-open corners: the width of a box is ``x2 - x1``.
"""
from typing import TypedDict, Union

#: The id that a source gave, a number or text.
SourceId = Union[int, str]


class RunLengths(TypedDict):
    """A mask as run-length codes of COCO, column by column."""

    size: list[int]  # height and width
    counts: str      # the compressed form


class Segmentation(TypedDict, total=False):
    """A mask; exactly one of the three keys is there."""

    poly: list[list[float]]  # polygons, each x1, y1, x2, y2, ...
    rle: RunLengths
    file: str  # a picture below the folder of the annotations; not 0 is object


class _ImageRequired(TypedDict):
    id: str    # <collection>:<id>
    file: str  # relative to the image folder
    width: int
    height: int


class ImageRecord(_ImageRequired, total=False):
    """The image of a line."""

    alt: list[str]  # other names under which the file may be found
    coco_id: int    # id of the same photograph in COCO


class _InstanceRequired(TypedDict):
    id: SourceId
    bbox: list[float] | None  # None only beside a mask


class InstanceRecord(_InstanceRequired, total=False):
    """One object of the image."""

    category_id: SourceId
    iscrowd: int  # 1: the mask surrounds a crowd
    area: float   # area of the mask in pixels, as the source says it
    segm: Segmentation
    ref: bool     # False: no expression means this object


class _PhraseRequired(TypedDict):
    span: list[list[int]]  # half-open [begin, end] in code points of the text
    targets: list[int]     # indices into the instances of the line


class PhraseRecord(_PhraseRequired, total=False):
    """One phrase of an expression."""

    id: str
    types: list[str]
    scene: bool  # the phrase means the whole scene
    nobox: bool  # the annotators drew no box for it


class _ExpressionRequired(TypedDict):
    id: SourceId
    text: str           # as in the source, byte for byte
    targets: list[int]  # sorted, unique indices into the instances; empty: no target


class ExpressionRecord(_ExpressionRequired, total=False):
    """One expression and what it means."""

    ref_id: SourceId           # equal for expressions that were collected together
    sent: str                  # the cleaned text of the source, where it differs
    tokens: list[str]          # words of the source, where not sent.split()
    caption: bool              # a caption: its boxes belong to its phrases
    phrases: list[PhraseRecord]
    src: list[int]             # number of the source file and of the record in it
    negative_of: SourceId      # a false sentence about this annotation (R-RefCOCO)
    reviewed_ok: bool          # people looked at it again (Ref-L4) and found it right
    pseudo: bool               # the target was predicted by a model
    unrelated: bool            # the sentence belongs to another image (Flickr30k)
    source: str                # which part of the data set it comes from (Ref-ZOM)
    extra: dict[str, object]   # whatever else the source said


class _LineRequired(TypedDict):
    image: ImageRecord
    split: str
    instances: list[InstanceRecord]
    exprs: list[ExpressionRecord]


class Line(_LineRequired, total=False):
    """One line of ``<name>_<split>.jsonl``: an image with all its expressions."""

    segvg: str  # version of the form, "major.minor"


class SourceFile(TypedDict, total=False):
    """A file from which a data set was made."""

    file: str
    bytes: int
    sha256: str


class SplitFacts(TypedDict, total=False):
    """What the meta file says of one split; ``file`` is always there."""

    file: str
    images: int
    refs: int | None
    exprs: int
    sha256: str
    official: dict | None  # the counts that the authors published
    read: dict             # the counts before records were left out
    complete: bool         # nothing was left out
    kinds: dict[str, int]  # sentences made from the annotation, by kind
    ceilings: dict         # and how often a guess is right, in percent


class Meta(TypedDict, total=False):
    """``<name>.meta.json``; format, version and splits are always there."""

    format: str
    version: str
    dataset: str
    partition: str | None
    revision: str | None
    licence: str | None
    box: str
    source_box: str
    text_field: str
    sources: list[SourceFile]
    splits: dict[str, SplitFacts]
    categories: dict[str, str]
    image_roots: list[str]
    converter: dict[str, object]
    report: dict[str, int]
