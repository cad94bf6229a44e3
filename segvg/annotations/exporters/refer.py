"""Export to REFER (``refs(*).p``) and gRefCOCO (``grefs(*).json``)."""
import pickle
from pathlib import Path, PurePosixPath

from segvg.annotations.exporters.base import Losses, Numbers, read_meta, write_json
from segvg.annotations.exporters.instances import Instances
from segvg.utils.files import write_whole

HELD = ('sent', 'ref_id', 'tokens')


def export_refer(paths: list[Path], out: Path, losses: Losses) -> list[Path]:
    """Write ``refs(<partition>).p`` and ``instances.json``: one target a sentence."""
    refs, instances, partition = _RefsExport(losses, multi=False).run(paths)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f'refs({partition}).p'
    write_whole(path, pickle.dumps(refs, protocol=2))
    return [path, write_json(out / 'instances.json', instances)]


def export_grefcoco(paths: list[Path], out: Path, losses: Losses) -> list[Path]:
    """Write ``grefs(<partition>).json`` and ``instances.json``: any number of targets.
    """
    refs, instances, partition = _RefsExport(losses, multi=True).run(paths)
    return [write_json(out / f'grefs({partition}).json', refs),
            write_json(out / 'instances.json', instances)]


class _RefsExport:
    """State of an export; ``multi`` says whether a ref may have no or many targets."""

    def __init__(self, losses: Losses, multi: bool) -> None:
        self.losses = losses
        self.multi = multi
        self.instances = Instances(losses)
        self.refs: dict[tuple, dict] = {}
        self.numbers = {what: Numbers(what, losses) for what in ('ref', 'sentence')}

    def run(self, paths: list[Path]) -> tuple[list[dict], dict, str]:
        """Return refs, the content of ``instances.json`` and the partition."""
        files, meta = read_meta(paths)
        for file in files:
            for number, line in enumerate(file, 1):
                self._add_line(line, file.path, f'{file.path.name} line:{number}')
        instances = self.instances.content(files[0].name, meta)
        partition = meta.get('partition') or files[0].name.rpartition('_')[2]
        return list(self.refs.values()), instances, partition

    def _add_line(self, line: dict, path: Path, place: str) -> None:
        image = line['image']
        image_id = self.instances.add_image(image, place)
        ann_ids = [self.instances.add(instance, image, path.parent, place)
                   for instance in line['instances']]
        for expr in line['exprs']:
            where = f'{place} expression {expr["id"]}'
            if expr.get('caption'):
                self.losses.add('left out: captions', where)
            elif len(expr['targets']) != 1 and not self.multi:
                kind = 'several targets' if expr['targets'] else 'no target'
                self.losses.add(f'left out: sentences with {kind}', where)
            else:
                self._add_sentence(expr, line, image_id, ann_ids, where)

    def _add_sentence(self, expr: dict, line: dict, image_id: int, ann_ids: list[int],
                      place: str) -> None:
        self.losses.add_facts(expr, HELD, place)
        targets = tuple(ann_ids[target] for target in expr['targets'])
        ref_id = expr.get('ref_id')
        key: tuple = (line['split'], image_id, ref_id, targets)
        if ref_id is None:
            key += (expr['id'],)
        if key not in self.refs:
            self.refs[key] = self._new_ref(key, ref_id, line, targets, place)
        ref, sent = self.refs[key], expr.get('sent', expr['text'])
        sent_id = self.numbers['sentence'].of((*key, len(ref['sentences'])), expr['id'],
                                              place)
        ref['sent_ids'].append(sent_id)
        ref['sentences'].append(dict(
            raw=expr['text'], sent=sent, sent_id=sent_id,
            tokens=expr.get('tokens', sent.split())))

    def _new_ref(self, key: tuple, ref_id: object, line: dict, targets: tuple,
                 place: str) -> dict:
        categories = sorted({self.instances.annotations[target]['category_id']
                             for target in targets})
        name = PurePosixPath(line['image']['file'])
        suffix = f'_{targets[0]}' if targets else ''
        fields = dict(ann_id=targets[0], category_id=categories[0]) if (
            not self.multi) else dict(
                ann_id=list(targets) or [-1], category_id=categories or [-1],
                no_target=not targets)
        return dict(
            ref_id=self.numbers['ref'].of(key, ref_id, place), image_id=key[1],
            split=line['split'], sent_ids=[], sentences=[],
            file_name=str(name.with_name(f'{name.stem}{suffix}{name.suffix}')),
            **fields)
