"""Time, memory and work of a step."""
import time

import pytest
import torch
import torch.nn.functional as F

from segvg.utils.profiling import count_flops, peak_memory, time_steps, worker_memory


def test_time_steps_leaves_out_the_warmup():
    calls = []

    def step():
        calls.append(None)
        time.sleep(0.05 if len(calls) == 1 else 0.001)

    seconds = time_steps(step, iters=3, warmup=1)
    assert len(calls) == 4
    assert 0.001 <= seconds['min'] <= seconds['median'] <= seconds['max'] < 0.05


def test_count_flops_counts_two_for_a_multiplication_with_addition():
    weight = torch.ones(5, 7, requires_grad=True)
    assert count_flops(lambda: torch.ones(3, 5) @ weight) == 2 * 3 * 5 * 7
    # backward: the gradient of the weight only
    assert count_flops(
        lambda: (torch.ones(3, 5) @ weight).sum().backward()) == 2 * 2 * 3 * 5 * 7


def test_count_flops_knows_fused_attention():
    query = torch.ones(2, 4, 10, 8)
    keys = torch.ones(2, 4, 6, 8)
    work = count_flops(lambda: F.scaled_dot_product_attention(query, keys, keys))
    assert work == 2 * (2 * 4 * 10 * 6 * 8) * 2


def test_peak_memory_is_in_mib_and_stays():
    held = torch.ones(64 * 2**18)  # 64 MiB
    peak = peak_memory(torch.device('cpu'))
    assert held.element_size() * held.numel() / 2**20 < peak < 64 * 1024
    del held
    assert peak_memory(torch.device('cpu')) >= peak


def test_worker_memory_is_that_of_the_worker():
    class Hungry:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            self.kept = bytearray(40 * 2**20)

    assert 40 < worker_memory(Hungry(), 1) < 200


def test_worker_that_fails_is_told(capfd):
    with pytest.raises(ValueError, match='a worker could not read the data set'):
        worker_memory([], 1)
