"""Weight decay by kind of parameter."""
import torch
from torch import nn

from segvg.engine.optim import DecayGroupsConstructor


class Model(nn.Module):
    """A bit of everything."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.norm = nn.LayerNorm(2)
        self.table = nn.Embedding(3, 2)
        self.bias_table = nn.Parameter(torch.zeros(2))
        self.level = nn.Parameter(torch.zeros(2))
        self.text = nn.Sequential(nn.LayerNorm(2), nn.Embedding(3, 2))
        self.fixed = nn.Linear(2, 2).requires_grad_(False)


def test_norms_and_embeddings_do_not_decay_but_those_of_named_modules_do():
    model = Model()
    constructor = DecayGroupsConstructor(
        dict(type='OptimWrapper',
             optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1)),
        dict(no_decay=['bias_table'], decay_all=['text']))
    groups = constructor(model).optimizer.param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decays, spared = ({names[id(p)] for p in group['params']} for group in groups)
    assert [group['weight_decay'] for group in groups] == [0.1, 0.0]
    assert decays == {'linear.weight', 'linear.bias', 'level', 'text.0.weight',
                      'text.0.bias', 'text.1.weight'}
    assert spared == {'norm.weight', 'norm.bias', 'table.weight', 'bias_table'}
