"""Checkpoints are written as ``torch.save`` writes them, byte for byte."""
import re
from collections import OrderedDict
from io import BytesIO

import pytest
import torch
from mmengine.runner import runner as mmengine_runner
from torch import nn

from segvg.checkpoints.quick_save import save, save_checkpoint, use_quick_save


def trained() -> dict:
    """Weights and optimizer of a small model, after a step."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.LSTM(4, 4))
    optimizer = torch.optim.AdamW(model[:2].parameters(), amsgrad=True)
    model[:2](torch.rand(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    return dict(state_dict=model.state_dict(), optimizer=optimizer.state_dict(),
                meta=dict(epoch=3, cfg='a = 1\n', classes=('x', 'y'), seed=None))


def with_attribute() -> torch.Tensor:
    tensor = torch.ones(2)
    tensor.note = 'one of its own'
    return tensor


def views() -> list:
    whole = torch.arange(24.).reshape(4, 6)
    return [whole, whole[1:, ::2], whole.t(), whole[:0], whole.clone().expand(2, 4, 6)]


CONTENTS = dict(
    checkpoint=trained, views=views, attribute=with_attribute,
    dtypes=lambda: [torch.zeros(3, dtype=dtype) for dtype in (
        torch.float16, torch.bfloat16, torch.float64, torch.bool, torch.uint8,
        torch.int8, torch.int16, torch.int32, torch.int64, torch.complex64,
        torch.uint16)],
    parameters=lambda: [nn.Parameter(torch.rand(3)), torch.rand(2, requires_grad=True),
                        nn.Parameter(torch.rand(2), requires_grad=False)],
    other=lambda: [torch.empty(3, device='meta'), torch.eye(3).to_sparse(),
                   torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.qint8),
                   torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
                   torch.complex(torch.ones(2), torch.ones(2)).conj().imag,
                   torch.rand(3).untyped_storage(), torch.float32, torch.Size([1, 2])],
    plain=lambda: OrderedDict(a=[1, 2.5, True, None, 'text', b'bytes', {1, 2}], b={},
                              c=re.compile('x'), d=(torch.ones(()), torch.ones(0))),
    shared=lambda: [(part := torch.rand(4)), dict(again=part)])


def written(function, content) -> bytes:
    stream = BytesIO()
    function(content, stream)
    return stream.getvalue()


@pytest.mark.parametrize('kind', CONTENTS)
def test_bytes_are_those_of_torch(kind):
    content = CONTENTS[kind]()
    assert written(save, content) == written(torch.save, content)


def test_one_memory_as_numbers_of_two_types_is_refused():
    part = torch.rand(4)
    with pytest.raises(RuntimeError, match='view the same data as different types'):
        save([part, part.view(torch.int32)], BytesIO())


def test_mmengine_writes_by_it(tmp_path, monkeypatch):
    monkeypatch.setattr(mmengine_runner, 'save_checkpoint', None)
    use_quick_save()
    assert mmengine_runner.save_checkpoint is save_checkpoint
    content = trained()
    mmengine_runner.save_checkpoint(content, str(tmp_path / 'new' / 'a.pth'))
    assert (tmp_path / 'new' / 'a.pth').read_bytes() == written(torch.save, content)
