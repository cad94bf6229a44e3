"""The wings of the package import one way, without circles, and none is too big."""
import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

from tests.toy import ROOT

PACKAGE = ROOT / 'segvg'
#: What every wing may import.
GROUND = {'registry', 'version'}
#: Wing -> the wings that it may import besides itself and ``GROUND``.
BELOW = dict(
    structures=set(),
    utils={'structures'},
    annotations={'structures', 'utils'},
    visualization={'structures', 'utils'},
    __main__={'utils'},
    models={'structures', 'utils'})
BELOW['datasets'] = BELOW['leakage'] = BELOW['synthref'] = {
    'annotations', *BELOW['annotations']}
BELOW['checkpoints'] = {'models', *BELOW['models']}
BELOW['export'] = {'models', *BELOW['models']}
BELOW['evaluation'] = set(BELOW)
BELOW['engine'] = set(BELOW)
BELOW['hub'] = {'checkpoints', 'leakage', *BELOW['checkpoints'], *BELOW['leakage']}
BELOW['apis'] = BELOW['bench'] = set(BELOW) - {'apis', 'bench'}
BELOW['demo'] = set(BELOW)


@cache
def modules() -> dict[str, Path]:
    """Name of every module of the package -> its file."""
    found = {}
    for path in sorted(PACKAGE.rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        found['.'.join(parts[:-1] if parts[-1] == '__init__' else parts)] = path
    return found


def wing(module: str) -> str:
    """Wing of a module; that of ``segvg`` itself is empty."""
    return module.partition('.')[2].partition('.')[0]


def imported(node: ast.AST) -> Iterator[str]:
    """Modules of the package that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names if name.name in modules())
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, 'imports are absolute'
        for name in node.names:
            inner = f'{node.module}.{name.name}'
            found = inner if inner in modules() else node.module
            if found in modules():
                yield found


def at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when a module is imported, but for ``TYPE_CHECKING``."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test):
            continue
        yield node
        for name in ('body', 'orelse', 'finalbody', 'handlers'):
            for inner in getattr(node, name, []):
                yield from at_import([inner] if isinstance(inner, ast.stmt)
                                     else inner.body)


class Arrow(NamedTuple):
    """An import of one module of the package by another."""

    module: str
    line: int
    other: str
    at_import: bool


@cache
def arrows() -> list[Arrow]:
    """All imports in the package, those inside functions too."""
    found = []
    for module, path in modules().items():
        tree = ast.parse(path.read_text('utf-8'))
        first = set(map(id, at_import(tree.body)))
        found += [Arrow(module, node.lineno, other, id(node) in first)
                  for node in ast.walk(tree) for other in imported(node)]
    return found


def test_every_wing_has_its_place():
    assert {wing(module) for module in modules()} - GROUND - {''} == set(BELOW)


@pytest.mark.slow
def test_wings_import_one_way():
    """Imports inside functions count: an arrow is an arrow."""
    allowed = {name: {name, *below, *GROUND} for name, below in BELOW.items()}
    assert not [f'{arrow.module}:{arrow.line} imports {arrow.other}'
                for arrow in arrows() if wing(arrow.module) in allowed
                and wing(arrow.other) not in allowed[wing(arrow.module)]]


def test_models_and_datasets_do_not_know_each_other():
    assert 'datasets' not in BELOW['models'] | BELOW['checkpoints']
    assert 'models' not in BELOW['datasets']


@pytest.mark.slow
def test_no_circle():
    edges: dict[str, set[str]] = {module: set() for module in modules()}
    for arrow in arrows():
        if arrow.at_import and arrow.other != arrow.module:
            edges[arrow.module].add(arrow.other)
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, ' -> '.join([*path[path.index(module):], module])
        if module not in done:
            for other in sorted(edges[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def test_biggest_wing_holds_less_than_30_percent():
    lines = Counter()
    for module, path in modules().items():
        lines[wing(module)] += len(path.read_text('utf-8').splitlines())
    share = {name: count / lines.total() for name, count in lines.items()}
    biggest = max(share, key=share.get)
    assert share[biggest] < 0.3, f'{biggest} holds {share[biggest]:.1%}'
