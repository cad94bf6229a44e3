"""The first records of a source as they are understood, for a look before writing."""
from collections.abc import Iterator
from itertools import islice

from segvg.annotations.checks import Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.readers.base import ReadOptions, SourceSet


def preview(source: SourceSet, report: Report, options: ReadOptions,
            number: int) -> list[str]:
    """Text for at most ``number`` expressions; reads no further than it has to."""
    records = (text for line in read_lines(source, report, options)
               for text in describe_line(line))
    return list(islice(records, number))


def describe_line(line: dict) -> Iterator[str]:
    """Text for each expression of a group line: image, size, split, sentence, boxes."""
    image = line['image']
    head = (f'{image["file"]}  {image["width"]} x {image["height"]} pixels, split '
            f'{line["split"]}')
    for expr in line['exprs']:
        rows = [head, f'  "{expr["text"]}"']
        targets = [line['instances'][number] for number in expr['targets']]
        rows += [f'    {describe_instance(target)}' for target in targets]
        if not targets:
            rows.append('    no box' if expr.get('caption') else
                        '    describes nothing in this image')
        for phrase in expr.get('phrases', ()):
            words = ' ... '.join(expr['text'][start:end]
                                 for start, end in phrase['span'])
            boxes = '; '.join(describe_instance(line['instances'][number])
                              for number in phrase['targets'])
            rows.append(f'    phrase "{words}": {boxes or "no box"}')
        yield '\n'.join(rows)


def describe_instance(instance: dict) -> str:
    """Box and mask of an object in words."""
    mask = 'with mask' if instance.get('segm') else 'no mask'
    if instance['bbox'] is None:
        return f'no box, {mask}'
    x1, y1, x2, y2 = instance['bbox']
    return (f'box from x {x1:g}, y {y1:g} to x {x2:g}, y {y2:g} '
            f'({x2 - x1:g} x {y2 - y1:g} pixels), {mask}')
