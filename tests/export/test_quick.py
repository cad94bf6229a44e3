"""What is recorded quickly is what is recorded."""
import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.export.files import Graph, record
from tests.export.quick import SHAPES, recorded_quickly


class Parts(nn.Module):
    """Every operation whose shape has a short way, also of what is transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.product = nn.Linear(8, 4)
        self.layer_norm = nn.LayerNorm(4)
        self.group_norm = nn.GroupNorm(2, 4)
        self.batch_norm = nn.BatchNorm2d(4)

    def forward(self, token_ids: Tensor, grid: Tensor) -> Tensor:
        """Return maps (B, L, 4, 4) of tokens (B, L, 8); the grid is (B, 4, 4, 2)."""
        values = self.layer_norm(self.product(token_ids))  # (B, L, 4)
        tokens = self.layer_norm(values[:, :4].transpose(1, 2) + values[:, 4:8])
        maps = self.batch_norm(self.group_norm(tokens[..., None].expand(-1, -1, -1, 4)))
        return F.grid_sample(self.batch_norm(maps.transpose(1, 3)), grid,
                             align_corners=False) + values.sum()


def described(program: torch.export.ExportedProgram) -> list[str]:
    """Return each node with shape and strides of its value, and what sizes may be."""
    lines = [str(program.range_constraints)]
    for node in program.graph.nodes:
        value = node.meta.get('val')
        lines.append(f'{node.format_node()} {value.shape} {value.stride()}'
                     if isinstance(value, Tensor) else node.format_node())
    names: dict[str, str] = {}  # of sizes, which have other numbers each time
    return [re.sub(r'\bs\d+\b', lambda found: names.setdefault(
        found[0], f'size {len(names)}'), line) for line in lines]


@torch.no_grad()
def test_graph_recorded_quickly_is_the_same_graph(monkeypatch):
    graph = Graph('whole', Parts().eval(), ('token_ids', 'text_padding_mask'),
                  (torch.randn(2, 9, 8), torch.rand(2, 4, 4, 2)))
    monkeypatch.setattr(Graph, 'dynamic_axes', lambda self, name: {
        0: torch.export.Dim.DYNAMIC})
    plain = record(graph)
    used = []
    for operation, shape in SHAPES.items():
        monkeypatch.setitem(SHAPES, operation, lambda *args, name=operation,
                            function=shape: used.append(name) or function(*args))
    with recorded_quickly():
        quick = record(graph)
    assert described(quick) == described(plain)
    assert set(used) == set(SHAPES)
