"""Collect expressions into group lines."""
from collections.abc import Iterator


class LineGrouper:
    """One line per image and split, in the order in which they were first named."""

    def __init__(self) -> None:
        self._lines: dict[tuple, dict] = {}
        self._numbers: dict[tuple, dict] = {}

    def add(self, split: str, image: dict, expr: dict, instances: list[dict]) -> None:
        """Append an expression; its instances are told apart by their ids.

        The targets of its phrases are places in ``instances``.
        """
        line, numbers = self._line(split, image)
        places = [self._number(line, numbers, instance) for instance in instances]
        expr = {**expr, 'targets': sorted(set(places))}
        if 'phrases' in expr:
            expr['phrases'] = [
                {**phrase, 'targets': sorted({places[i] for i in phrase['targets']})}
                for phrase in expr['phrases']]
        line['exprs'].append(expr)

    def add_object(self, split: str, image: dict, instance: dict) -> None:
        """Append an object that no expression of the line names."""
        line, numbers = self._line(split, image)
        if instance['id'] not in numbers:
            self._number(line, numbers, {**instance, 'ref': False})

    def lines(self) -> Iterator[dict]:
        """The lines so far."""
        return iter(self._lines.values())

    def _line(self, split: str, image: dict) -> tuple[dict, dict]:
        key = (split, image['id'])
        if key not in self._lines:
            self._lines[key] = dict(image=image, split=split, instances=[], exprs=[])
            self._numbers[key] = {}
        return self._lines[key], self._numbers[key]

    @staticmethod
    def _number(line: dict, numbers: dict, instance: dict) -> int:
        if instance['id'] not in numbers:
            numbers[instance['id']] = len(line['instances'])
            line['instances'].append(instance)
        return numbers[instance['id']]
