"""REFER layout: ``refs(<partition>).p`` beside ``instances.json``."""
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from segvg.annotations.checks import Report
from segvg.annotations.files.pickles import AnnotationFileError, load_json, load_pickle
from segvg.annotations.readers.base import ReadCounts, ReadOptions, SourceSet
from segvg.annotations.readers.coco_instances import CocoInstances
from segvg.annotations.readers.images import USUAL_DIRS
from segvg.annotations.readers.refer_dialects import REFER, Dialect
from segvg.annotations.readers.refer_reading import RefsParser

INSTANCES = 'instances.json'
DATASET_NAMES = {'refcoco+': 'refcoco_plus', 'rrefcoco+': 'rrefcoco_plus',
                 'ref-zom': 'refzom'}


def find_refer_sets(sources: list[Path], options: ReadOptions,
                    dialect: Dialect = REFER) -> list[SourceSet]:
    """One set per refs file in the folders given, or in folders right below."""
    sets = []
    for source in sources:
        files = [source] if source.is_file() else _refs_files(source, dialect)
        root = source.parent if source.is_file() else source
        if not files:
            names = ' or '.join(dialect.names).replace('*', '<partition>')
            raise FileNotFoundError(
                f'{source} has no {names}, not in its subfolders either; give the '
                f'folder that holds it and {INSTANCES}')
        sets += [ReferSet(path, root, options.dataset or path.resolve().parent.name,
                          dialect=dialect) for path in files]
    found = [refs for refs in sets if options.partition in (None, refs.partition)]
    if not found:
        names = ' or '.join(dialect.names).replace('*', options.partition)
        raise FileNotFoundError(f'no {names} in {", ".join(map(str, sources))}')
    return found


def _refs_files(folder: Path, dialect: Dialect) -> list[Path]:
    """The refs files of a folder and of the folders right below, by folder."""
    folders = [folder, *sorted(path for path in folder.glob('*') if path.is_dir())]
    return [path for place in folders
            for path in sorted({path for name in dialect.names
                                for path in place.glob(name)})]


class ReferSet(SourceSet):
    """One partition: a refs file and the annotations that it points into."""

    source_box = 'COCO: x, y, w, h, 0-based'
    text_field = 'raw'
    file_per_split = False

    def __init__(self, refs: Path, root: Path, dataset: str, *,
                 dialect: Dialect) -> None:
        partition = dialect.partition(refs.name)
        name = f'{DATASET_NAMES.get(dataset, dataset)}_{partition}'
        super().__init__(name, dataset, partition,
                         files=[refs, refs.parent / INSTANCES])
        self.root = root
        self.dialect = dialect
        if dialect.has_negatives:  # the sizes known are those of the true sentences
            self.compared = ReadCounts()

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read both files and yield group lines."""
        refs_path, instances_path = self.files
        if options.image_dirs is None:
            options = replace(options, image_dirs=(*USUAL_DIRS, self.dataset))
        refs = self._load(refs_path)
        coco = CocoInstances(
            instances_path, self._relative(instances_path), report=report,
            options=options, name_image=self.dialect.name_image,
            namespace=self.dialect.namespace)
        reading = RefsParser(self, self.dialect, coco, report=report, options=options,
                              file=self._relative(refs_path))
        for number, ref in enumerate(options.progress(refs, refs_path.name)):
            reading.read_ref(number, ref)
        if options.all_objects:
            reading.add_other_objects()
        self.categories, self.image_dirs = coco.categories, coco.image_dirs
        yield from reading.grouper.lines()

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    @staticmethod
    def _load(path: Path) -> list:
        refs = load_json(path) if path.suffix == '.json' else load_pickle(path)
        if not isinstance(refs, list):
            raise AnnotationFileError(path, 'expected a list of refs, got '
                                      f'{type(refs).__name__}', code='bad_type')
        return refs
