"""The way from the records of own data to group lines, for all own formats."""
from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Report
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import show
from segvg.annotations.readers.ids import InstanceIds, UniqueIds
from segvg.annotations.readers.images import OWN, ImageChecks, image_of
from segvg.annotations.readers.objects import checked_object
from segvg.annotations.readers.own.names import split_named
from segvg.annotations.readers.own.records import OwnImage, OwnObject, OwnSentence

DEFAULT_SPLIT = 'train'


class OwnSet(SourceSet):
    """A data set that its user annotated.

    Args:
        name: of the data set.
        files: it is read from.
        root: folder that the places of findings, and names of images, are relative to.
    """

    file_per_split = False
    column_keys: tuple[str, ...] = ()  # of --columns
    text_fields: Optional[tuple[str, ...]] = None  # of --text-field; None takes any

    def __init__(self, name: str, files: list[Path], root: Path) -> None:
        super().__init__(name, name, None, files=files)
        self.root = root

    @abstractmethod
    def sentences(self, ctx: Context) -> Iterator[OwnSentence]:
        """The records of the files, in their order."""

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files and yield group lines.

        Raises:
            ValueError: an option is not for this format.
            AnnotationFileError: a file cannot be understood.
        """
        self._check_options(options)
        ctx = Context(report, options)
        found = list(self.sentences(ctx))
        parser = _Parser(self, ctx, found)
        for group in _grouped(found, options.join_texts):
            parser.read(group)
        parser.say_splits()
        self.image_dirs = parser.images.dirs
        yield from parser.collector.lines()

    def _check_options(self, options: ReadOptions) -> None:
        unknown = sorted(set(options.columns) - set(self.column_keys))
        if unknown:
            known = ', '.join(self.column_keys) or 'none here'
            raise ValueError(f'--columns has no {", ".join(unknown)}; there are '
                             f'{known}')
        if None not in (options.text_field, self.text_fields) and (
                options.text_field not in (self.text_fields or ())):
            known = ' or '.join(self.text_fields or ()) or 'not for this format'
            raise ValueError(f'--text-field is {known}, not {options.text_field}')

    def say(self, message: str) -> None:
        """Tell the user how the files are understood."""
        from mmengine.logging import print_log
        print_log(f'{self.name}: {message}', logger='current')


def _grouped(found: list[OwnSentence], join_texts: bool) -> list[list[OwnSentence]]:
    """The records of each sentence, in the order of the first of them."""
    groups: dict[tuple, list[OwnSentence]] = {}
    for number, record in enumerate(found):
        joins = True if join_texts and record.joins is None else record.joins
        is_alone = joins is None or record.image is None or not record.texts
        key = (number,) if is_alone or record.image is None else (
            record.split, record.image.name, show(joins), tuple(map(str, record.texts)))
        groups.setdefault(key, []).append(record)
    return list(groups.values())


class _Parser:
    """State of reading one set."""

    def __init__(self, source: OwnSet, ctx: Context, found: list[OwnSentence]) -> None:
        self.source = source
        self.ctx = ctx
        # files are looked at wherever the user says where they are
        self.images = ImageChecks(ctx, need_size=ctx.options.images is not None)
        self.collector = ExprCollector()
        self.instance_ids = InstanceIds()
        self.expr_ids = UniqueIds()
        self.refs: set[tuple] = set()
        self.without_split = 0
        self._found: dict[str, tuple[Optional[dict], Errors, str]] = {}
        self._said: dict[str, Optional[str]] = {}
        names: dict[str, set[str]] = defaultdict(set)
        for record in found:
            if record.image is not None:
                names[record.image.name].add(record.image.name)
                for name in record.image.shorter:
                    names[name].add(record.image.name)
        self.users = Counter({name: len(whole) for name, whole in names.items()})

    def read(self, group: list[OwnSentence]) -> None:
        """Check the records of one sentence, or of several about one object."""
        first, errors = group[0], [list(record.errors) for record in group]
        split = self._split(first, errors[0])
        ctx, image = first.ctx, None
        if first.image is not None:
            image, wrong, image_id = self._image(first.ctx, first.image)
            ctx = ctx.with_ids(image_id=image_id)
            errors[0] += wrong
        instances: list[dict] = []
        for number, record in enumerate(group):
            for item in record.objects:
                where = item.ctx.with_ids(**ctx.ids)
                instance, wrong = self._instance(where, item, image, split)
                errors[number] += wrong
                instances += [] if instance is None else [instance]
        ref_id = instances[0]['id'] if len(instances) == 1 else None
        ref = (split, ctx.ids.get('image_id'), ref_id)
        self.source.read.add(split or first.split, ctx.ids.get('image_id'), len(
            first.texts), int(ref not in self.refs and ref_id is not None))
        self.refs.add(ref)
        # once, however many sentences that costs
        for record, wrong in zip(group, errors, strict=True):
            record.ctx.with_ids(**ctx.ids).skip(
                wrong, 'skip' if first.texts else 'box_dropped')
        image = None if any(errors) else image
        if first.texts:
            self._add(ctx, first, split, image, instances, ref_id)
        else:
            self._add_without_sentence(ctx, split, image, instances)

    def _add(self, ctx: Context, record: OwnSentence, split: Optional[str],
             image: Optional[dict], instances: list[dict], ref_id: object) -> None:
        """Collect the sentences of a record; without an image they are only checked."""
        name = self._name_of(record.ctx)
        for number, text in enumerate(record.texts):
            expr_id, _ = self.expr_ids.take(
                name if len(record.texts) == 1 else f'{name}#{number}')
            expr = dict(id=expr_id, src=list(record.src))
            expr |= {} if text is None else {'text': text}
            expr |= {} if ref_id is None else {'ref_id': ref_id}
            expr |= {'extra': record.extra} if record.extra else {}
            self.collector.add(FoundExpr(ctx.with_ids(expr_id=expr_id), expr, split,
                                         image, instances, [],
                                         (split, name if ref_id is None else ref_id)))

    def _name_of(self, ctx: Context) -> str:
        """The place of a record, with its file where there are several."""
        is_alone = len(self.source.files) == 1 and ctx.place.at
        return ctx.place.at if is_alone else str(ctx.place)

    def _add_without_sentence(self, ctx: Context, split: Optional[str],
                              image: Optional[dict], instances: list[dict]) -> None:
        for instance in instances if split and image else ():
            is_kept = self.ctx.options.all_objects
            ctx.skip([('ref_without_sentences', show(instance['id']))],
                     'keep' if is_kept else 'skip')
            if is_kept and split and image:
                self.collector.add_object(split, image, instance)

    def _split(self, record: OwnSentence, errors: Errors) -> Optional[str]:
        if self.ctx.options.split is not None:
            return self.ctx.options.split
        if not record.split.strip():
            self.without_split += record.texts != [None]  # a record that is broken
            return DEFAULT_SPLIT
        split = split_named(record.split)
        if split is None:
            errors.append(('split_unknown', record.split))
        return split

    def say_splits(self) -> None:
        """Tell that records were given a split that nothing said."""
        if self.without_split:
            self.source.say(f'{self.without_split} records do not say of which split '
                            f'they are, so they are {DEFAULT_SPLIT}; --split, a column '
                            'or the name of a file or folder can say it')

    def _image(self, ctx: Context,
               image: OwnImage) -> tuple[Optional[dict], Errors, str]:
        """The image of a group line, what is wrong with it, and its id."""
        if image.name not in self._found:
            source = image_of(
                image.name, (image.width, image.height), ctx.place, namespace='file',
                images_are=ctx.options.images_are or OWN)
            if image.width is None and ctx.options.images is None:
                raise AnnotationFileError(
                    ctx.place.file, f'{ctx.place.at or "it"} does not say the size of '
                    f'the image {image.name}: say with --images where the images are, '
                    'then it is read from them', code='image_missing')
            source.alt += [name for name in image.shorter if self.users[name] == 1]
            record, errors = self.images.find(source)
            if record and ctx.options.images is not None:
                record.pop('alt', None)  # its file is known
            self._found[image.name] = (record, errors, source.id)
            self._said[image.name] = image.said
        if self._said[image.name] != image.said:
            raise AnnotationFileError(
                ctx.place.file, f'{ctx.place.at}: {image.said} would be the image '
                f'{image.name}, and so was {self._said[image.name]}. Are these two '
                'images? Move them into folders below one folder',
                code='file_name_mismatch')
        record, errors, image_id = self._found[image.name]
        if record and image.width and image.height and (
                (image.width, image.height) != (record['width'], record['height'])):
            record = {**record, 'width': image.width, 'height': image.height}
        return record, list(errors), image_id

    def _instance(self, ctx: Context, item: OwnObject, image: Optional[dict],
                  split: Optional[str]) -> tuple[Optional[dict], Errors]:
        """The instance of an object; without an image nothing is known of it."""
        errors = list(item.errors)
        if image is None or item.shape is None or errors:
            return None, errors
        try:
            shape = item.shape(image['width'], image['height'])
        except ValueError as error:
            return None, [('bad_type', str(error))]
        has_mask = shape.segm is not None or ctx.options.need_mask
        instance, wrong = checked_object(ctx, SourceObject(
            item.id, shape.bbox, category_id=item.category_id, iscrowd=item.iscrowd,
            segm=shape.segm, has_mask=has_mask), image)
        content = (item.category_id, str(shape.bbox), str(instance.get('segm')))
        instance['id'] = self.instance_ids.claim(ctx, item.id, content,
                                                 self._name_of(ctx), scope=split)
        if shape.written is not None and 'segm' in instance:
            instance['segm'] = shape.written
        if not item.iscrowd:
            del instance['iscrowd']
        return instance, errors + wrong
