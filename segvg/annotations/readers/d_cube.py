"""D-cube: descriptions that are detected in all images of their group."""
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Report
from segvg.annotations.files.pickles import load_pickle
from segvg.annotations.readers.base import Context, Errors, ReadOptions, SourceSet
from segvg.annotations.readers.coco_instances import CheckedObject, CocoInstances
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_flag,
    is_int,
    is_text,
    list_of,
    other_fields,
)
from segvg.annotations.readers.ids import UniqueIds
from segvg.annotations.readers.source_files import load_as

BOXES = 'd3_full_annotations.json'
SENTENCES, GROUPS = 'sentences.pkl', 'groups.pkl'
SPLIT = 'test'  # the set is for evaluation alone
SENTENCE_REQUIRED = Fields(raw_sent=is_text, is_negative=is_flag)
GROUP_REQUIRED = Fields(img_id=list_of(is_int), inner_sent_id=list_of(is_int))
# fields whose content the groups or the boxes have too
REPEATED = dict(id=None, anno_id=None, group_id=None)


def find_d_cube_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds the boxes, the sentences and the groups."""
    sets: list[SourceSet] = []
    for source in sources:
        files = [next((path for path in (source / folder / name, source / name)
                       if path.is_file()), None)
                 for folder, name in (('d3_json', BOXES), ('d3_pkl', SENTENCES),
                                      ('d3_pkl', GROUPS))]
        if None in files:
            raise FileNotFoundError(f'{source} is expected to hold d3_json/{BOXES}, '
                                    f'd3_pkl/{SENTENCES} and d3_pkl/{GROUPS}')
        sets.append(DCubeSet([path for path in files if path], source,
                             options.dataset))
    return sets


class DCubeSet(SourceSet):
    """The boxes, sentences and groups of one folder.

    Every sentence of a group is searched for in every image of the group, as in the
    intra-group setting of the authors. Boxes of other sentences are left out, each with
    a finding.
    """

    source_box = 'COCO: x, y, w, h, 0-based'
    text_field = 'raw_sent'
    file_per_split = False

    def __init__(self, files: list[Path], root: Path, name: Optional[str]) -> None:
        super().__init__(name or 'd_cube', 'd_cube', None, files=files)
        self.root = root

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the three files and yield group lines."""
        ctx, groups = Context(report, options), self.files[2]
        parser = _Parser(self, ctx)
        records = load_as(dict, groups, load=load_pickle)
        where = ctx.at_file(groups, self.root)
        for number, (key, record) in enumerate(options.progress(
                records.items(), groups.name)):
            parser.read_group(where.at(f'[{key!r}]'), record, number)
        parser.report_rest()
        self.image_dirs = parser.boxes.image_dirs
        yield from parser.collector.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: DCubeSet, ctx: Context) -> None:
        boxes, sentences, _ = source.files
        self.source = source
        self.boxes = CocoInstances(ctx.at_file(boxes, source.root), boxes)
        self.sentence_ctx = ctx.at_file(sentences, source.root)
        self.sentences = load_as(dict, sentences, load=load_pickle)
        self.collector = ExprCollector()
        self.expr_ids = UniqueIds()
        self.checked: dict[object, tuple[dict, Errors]] = {}
        self.asked: set[tuple] = set()
        self.objects: dict[tuple, list[tuple[Context, CheckedObject]]] = {}
        for where, found in self.boxes.every_object():
            self.objects.setdefault((found.image_id, found.category_id), []).append(
                (where, found))

    def read_group(self, ctx: Context, record: object, number: int) -> None:
        """Collect each sentence of a group with each of its images."""
        group, errors = ctx.fields(record, GROUP_REQUIRED)
        pairs = [(image_id, sent_id) for image_id in group.get('img_id', ())
                 for sent_id in group.get('inner_sent_id', ())]
        ctx.skip(errors)
        for image_id, sent_id in pairs:
            self.asked.add((image_id, sent_id))
            self._read_pair(ctx, image_id, sent_id, number)

    def _read_pair(self, ctx: Context, image_id: int, sent_id: int,
                   number: int) -> None:
        """Collect a sentence with an image; its targets are the boxes of both."""
        expr_id = self.expr_ids.claim(
            ctx.with_ids(image_id=image_id), f'{image_id}_{sent_id}')
        ctx = ctx.with_ids(image_id=image_id, ref_id=sent_id, expr_id=expr_id)
        sentence, wrong = self._sentence(sent_id)
        image, errors = self.boxes.find_image(image_id), list(wrong)
        if image is None:
            errors.append(('dangling_image', image_id))
        else:
            errors += image.errors
        instances = []
        for _, found in self.objects.get((image_id, sent_id), ()):
            errors += found.errors
            instances += [found.instance] if found.instance else []
        self.source.read.add(SPLIT, image_id, 1, refs=1)
        record = dict(id=expr_id, ref_id=sent_id, src=[2, number])
        if 'raw_sent' in sentence:
            record['text'] = sentence['raw_sent']
        if 'is_negative' in sentence:
            record['source'] = 'absence' if sentence['is_negative'] else 'presence'
        if sentence.get('extra'):
            record['extra'] = sentence['extra']
        self.collector.add(FoundExpr(ctx, record, SPLIT, image and image.record,
                                     instances, errors, scope=expr_id))

    def _sentence(self, sent_id: int) -> tuple[dict, Errors]:
        """The usable fields of a sentence, and what is wrong with it."""
        if sent_id not in self.sentences:
            return {}, [('dangling_sentence', sent_id)]
        if sent_id not in self.checked:
            record = self.sentences[sent_id]
            fields, errors = self.sentence_ctx.at(f'[{sent_id}]').fields(
                record, SENTENCE_REQUIRED)
            if isinstance(record, dict):
                fields['extra'] = other_fields(record, SENTENCE_REQUIRED, REPEATED)
            self.checked[sent_id] = fields, errors
        return self.checked[sent_id]

    def report_rest(self) -> None:
        """Report the boxes whose sentence is not asked about their image."""
        for pair, found in self.objects.items():
            for where, one in found if pair not in self.asked else ():
                where.with_ids(image_id=pair[0], ref_id=pair[1]).skip(
                    [('object_not_asked', pair[1]), *one.errors], 'box_dropped')
