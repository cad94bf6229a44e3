"""Windows of Swin's attention."""
import torch

from segvg.models.layers.swin import from_windows, region_mask, to_windows


def test_windows_come_back_to_where_they_were():
    maps = torch.arange(2 * 6 * 9 * 2).view(2, 6, 9, 2)
    windows = to_windows(maps, 3)
    assert windows.shape == (2, 6, 9, 2)
    assert torch.equal(windows[0, 1, :, 0].view(3, 3), maps[0, :3, 3:6, 0])
    assert torch.equal(from_windows(windows, (6, 9), 3), maps)


def test_shifted_windows_keep_borders_apart():
    mask = region_mask(4, 8, 4, 2, torch.device('cpu'))
    assert mask.shape == (2, 16, 16)
    left = mask[0].view(4, 4, 4, 4)  # rows and columns of a query, then of a key
    assert (left[0, 0, :2] == 0).all() and (left[0, 0, 2:] == -100).all()
    right = mask[1].view(4, 4, 4, 4)
    assert right[0, 0, 0].tolist() == [0, 0, -100, -100]
