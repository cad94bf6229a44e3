"""Windows of Swin's attention."""
import torch

from segvg.models.layers.swin import DropPath, from_windows, region_mask, to_windows


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


def test_a_skipped_branch_is_zero_and_the_others_make_up_for_it():
    torch.manual_seed(0)
    branch = torch.ones(1000, 2, 3)
    dropped = DropPath(0.25)(branch)
    per_sample = dropped.flatten(1)
    assert (per_sample == per_sample[:, :1]).all()
    kept = (branch[0, 0, 0] / 0.75).item()
    assert set(per_sample[:, 0].tolist()) == {0.0, kept}
    assert 0.9 < dropped.mean() < 1.1
    assert torch.equal(DropPath(0.25).eval()(branch), branch)
    assert torch.equal(DropPath(0.0)(branch), branch)
