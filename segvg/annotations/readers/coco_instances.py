"""Images and objects of an ``instances.json`` in the shape of COCO detection."""
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json
from segvg.annotations.readers.base import Context, Errors, SourceImage, SourceObject
from segvg.annotations.readers.field_checks import (
    Fields,
    is_box,
    is_finite,
    is_flag,
    is_int,
    is_size,
    is_text,
    with_plain_numbers,
)
from segvg.annotations.readers.ids import UniqueIds
from segvg.annotations.readers.images import (
    OWN,
    ImageChecks,
    coco_name,
    image_name,
    namespace_of,
    other_names,
    photo_number,
)
from segvg.annotations.readers.objects import checked_object, corners

# list -> its fields that are numbers, which own files may have as text
NUMBERS = dict(images=('id', 'width', 'height'), categories=('id',),
               annotations=('id', 'image_id', 'category_id'))
SIZE_LIMIT = 1 << 32  # bytes; files for pre-training have an entry per caption
IMAGE_REQUIRED = Fields(id=is_int, width=is_size, height=is_size)
IMAGE_OPTIONAL = Fields(file_name=is_text)
OBJECT_REQUIRED = Fields(id=is_int, image_id=is_int, bbox=is_box)
IMAGE_ID = Fields(image_id=is_int)
OBJECT_OPTIONAL = Fields(category_id=is_int, iscrowd=is_flag, area=is_finite)


class CheckedImage(NamedTuple):
    """An image; ``record`` is that of a group line, None when it cannot be made."""

    record: Optional[dict]
    file_name: Optional[str]
    errors: Errors


class CheckedObject(NamedTuple):
    """An object; ``instance`` is that of a group line, None when it cannot be made."""

    instance: Optional[dict]
    image_id: Optional[int]
    category_id: Optional[int]
    errors: Errors


class CocoInstances:
    """Looks up images and objects by id, and checks each when it is first asked for.

    Findings that keep an image or object are reported here, once; those that cost the
    records which name it are returned with it.

    Args:
        ctx: of the file.
        path: the file.
        name_image: makes the name of an image that has none from its id; None takes
            COCO's names.
        namespace: of the ids of images; None takes it from their names.
    """

    def __init__(self, ctx: Context, path: Path, *,
                 name_image: Optional[Callable[[int], str]] = None,
                 namespace: Optional[str] = None) -> None:
        content = load_coco_lists(path)
        self._ctx = ctx
        self._name_image = name_image or coco_name
        self._namespace = namespace
        self._records = dict(images=content['images'],
                             annotations=content['annotations'])
        self._numbers = {name: _numbers_by_id(records)
                         for name, records in self._records.items()}
        self.categories = category_names(content)
        self.supercategories = category_names(content, 'supercategory')
        self._image_checks = ImageChecks(ctx)
        self._images: dict[int, CheckedImage] = {}
        self._objects: dict[int, CheckedObject] = {}

    @property
    def image_dirs(self) -> list[str]:
        """Folders in which images were found."""
        return self._image_checks.dirs

    def find_image(self, image_id: int) -> Optional[CheckedImage]:
        """An image by its id, or None when it does not exist."""
        if image_id not in self._numbers['images']:
            return None
        if image_id not in self._images:
            number = self._first('images', image_id)
            self._images[image_id] = self._check_image(number, image_id)
        return self._images[image_id]

    def find_object(self, ann_id: int,
                    referred: bool = True) -> Optional[CheckedObject]:
        """An object by its id, or None when it does not exist."""
        if ann_id not in self._numbers['annotations']:
            return None
        if ann_id not in self._objects:
            number = self._first('annotations', ann_id)
            self._objects[ann_id] = self._check_object(number, ann_id, referred)
        return self._objects[ann_id]

    def other_objects(self, image_ids: set) -> Iterator[tuple[Context, CheckedObject]]:
        """Objects of some images, each with its context.

        Those that do not say of which image they are, are among them.
        Those that cannot be used and were asked for before are left out: their errors
        have been reported.
        """
        asked = {ann_id for ann_id, checked in self._objects.items() if checked.errors}
        for ann_id, numbers in self._numbers['annotations'].items():
            for again, number in enumerate(numbers):
                image_id = self._records['annotations'][number].get('image_id')
                if is_int(image_id) and image_id not in image_ids or (
                        ann_id in asked and not again):
                    continue
                checked = self._check_object(number, f'{ann_id}#{again}', False) if (
                    again) else self.find_object(ann_id, False)
                if checked is not None:
                    ctx = self._ctx.at(f'annotations[{number}]')
                    yield ctx.with_ids(image_id=image_id), checked

    def by_image(self) -> Iterator[tuple[dict, CheckedImage, list[CheckedObject]]]:
        """Every image as it is in the file and checked, with its checked objects.

        Objects that cannot be used are among them, since they are in the picture.
        Errors of an object are reported as a dropped box, errors of an image as a
        skipped record.
        """
        objects = self._objects_by_image()
        for image_id, (number, *_) in self._numbers['images'].items():
            image = self.find_image(image_id)
            ctx = self._ctx.at(f'images[{number}]').with_ids(image_id=image_id)
            if image is not None:
                ctx.skip(image.errors)
                yield (self._records['images'][number], image,
                       objects.pop(image_id, []))

    def every_object(
            self, referred: bool = True) -> Iterator[tuple[Context, CheckedObject]]:
        """Every object with its context, which has the id of its image.

        An id that repeats is reported here. The errors of an object are not: the caller
        reports them.
        """
        unique = UniqueIds()
        for number, record in enumerate(self._records['annotations']):
            ann_id = record.get('id') if isinstance(record, dict) else None
            own_id, again = unique.take(ann_id) if is_int(ann_id) else (
                str(number), False)
            checked = self._check_object(number, own_id, referred)
            ctx = self._ctx.at(f'annotations[{number}]').with_ids(
                image_id=checked.image_id)
            if again:
                ctx.note('id_duplicate', ann_id)
            yield ctx, checked

    def _objects_by_image(self) -> dict[Optional[int], list[CheckedObject]]:
        found: dict[Optional[int], list[CheckedObject]] = {}
        for ctx, checked in self.every_object(referred=False):
            if checked.image_id is not None and (
                    checked.image_id not in self._numbers['images']):
                ctx.skip([('dangling_image', checked.image_id)], 'box_dropped')
            ctx.skip(checked.errors, 'box_dropped')
            found.setdefault(checked.image_id, []).append(checked)
        return found

    def note_unused(self, image_ids: set) -> None:
        """Report the images that are not among some."""
        for image_id, numbers in self._numbers['images'].items():
            if image_id not in image_ids:
                ctx = self._ctx.at(f'images[{numbers[0]}]').with_ids(image_id=image_id)
                ctx.note('image_without_expressions')

    def _first(self, name: str, key: int) -> int:
        """Number of the first record of an id; later ones are reported."""
        first, *others = self._numbers[name][key]
        for number in others:
            self._ctx.at(f'{name}[{number}]').note('id_duplicate', key)
        return first

    def _check_image(self, number: int, image_id: int) -> CheckedImage:
        record = self._records['images'][number]
        ctx = self._ctx.at(f'images[{number}]').with_ids(image_id=image_id)
        image, errors = ctx.fields(record, IMAGE_REQUIRED, IMAGE_OPTIONAL)
        file_name = image.get('file_name')
        if errors:
            return CheckedImage(None, file_name, errors)
        file = image_name(file_name or self._name_image(image_id))
        namespace = self._namespace or namespace_of(file)
        if ctx.options.images_are is not None:
            namespace = ctx.options.images_are.replace(OWN, 'file')
        extra = {'coco_id': image_id} if namespace == 'coco' else {}
        photo = photo_number(record.get('flickr_url'))
        if photo is not None:
            extra['flickr_id'] = photo
        own_id = file if namespace == 'file' else image_id
        found, errors = self._image_checks.find(SourceImage(
            f'{namespace}:{own_id}', file, image['width'], image['height'], ctx.place,
            other_names(file), extra))
        return CheckedImage(found, file, errors)

    def _check_object(self, number: int, ann_id: object,
                      referred: bool) -> CheckedObject:
        record = self._records['annotations'][number]
        ctx = self._ctx.at(f'annotations[{number}]')
        ann, errors = ctx.fields(record, OBJECT_REQUIRED, OBJECT_OPTIONAL)
        image_id, category_id = ann.get('image_id'), ann.get('category_id')
        ctx = ctx.with_ids(image_id=image_id)
        if ctx.is_fast and self.categories and (
                category_id is not None and category_id not in self.categories):
            ctx.at('.category_id').note('category_unknown', category_id)
        if 'bbox' not in ann:
            return CheckedObject(None, image_id, category_id, errors)
        checked = self.find_image(image_id) if image_id is not None else None
        image = checked and checked.record
        instance, more = checked_object(ctx, SourceObject(
            ann_id, corners(ann['bbox'], ctx.options.box), category_id=category_id,
            iscrowd=int(ann.get('iscrowd', 0)), area=ann.get('area') if image else None,
            segm=record.get('segmentation'), referred=referred), image)
        return CheckedObject(instance, image_id, category_id, errors + more)


def load_coco_lists(path: Path) -> dict:
    """Read a file of COCO's shape: an object with ``images`` and ``annotations``."""
    content = load_json(path, SIZE_LIMIT)
    content = content if isinstance(content, dict) else {}
    for name in ('images', 'annotations'):
        if not isinstance(content.get(name), list):
            raise AnnotationFileError(
                path, f'expected an object with a list of {name}', code='missing_field')
    for name, fields in NUMBERS.items():
        records = content.get(name)
        if isinstance(records, list):
            content[name] = [with_plain_numbers(record, *fields) for record in records]
    return content


def annotations_of_entries(ctx: Context, content: dict,
                           action: str) -> Iterator[tuple[int, int]]:
    """Yield number and ``image_id`` of each annotation whose image entry exists.

    The others are reported.

    Args:
        ctx: of the file.
        content: of the file, as ``load_coco_lists`` returns it.
        action: what the report says of the others.
    """
    entries = {entry['id'] for entry in content['images']
               if isinstance(entry, dict) and is_int(entry.get('id'))}
    for number, record in enumerate(content['annotations']):
        where = ctx.at(f'annotations[{number}]')
        known, errors = where.fields(record, IMAGE_ID)
        if not errors and known['image_id'] not in entries:
            errors = [('dangling_image', known['image_id'])]
        where.skip(errors, action)
        if not errors:
            yield number, known['image_id']


def category_names(content: dict, field: str = 'name') -> dict[int, Any]:
    """Names of the categories of such a file, by id; what is not one is left out."""
    categories = content.get('categories')
    return {category['id']: category.get(field)
            for category in (categories if isinstance(categories, list) else ())
            if isinstance(category, dict) and is_int(category.get('id'))}


def _numbers_by_id(records: list) -> dict[int, list[int]]:
    """Where the records of each id stand; what has no id cannot be referred to."""
    numbers: dict[int, list[int]] = {}
    for number, record in enumerate(records):
        key = record.get('id') if isinstance(record, dict) else None
        if is_int(key):
            numbers.setdefault(key, []).append(number)
    return numbers
