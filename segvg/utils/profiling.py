"""Time, memory and work of a step, for tools/analysis_tools/benchmark.py."""
import multiprocessing
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

import torch

MIB = 2**20
CPU = torch.device('cpu')
MEMORY_MAP = Path('/proc/self/smaps_rollup')


def synchronize(device: torch.device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def time_steps(step: Callable[[], Any], iters: int, warmup: int,
               device: torch.device = CPU) -> dict[str, float]:
    """Return median, least and most seconds of ``iters`` steps after ``warmup`` others.
    """
    seconds = []
    for _ in range(warmup + iters):
        synchronize(device)
        start = time.perf_counter()
        step()
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    counted = seconds[warmup:]
    return dict(median=statistics.median(counted), min=min(counted), max=max(counted))


def peak_memory(device: torch.device) -> float:
    """Return the most MiB this process has held: of the GPU, or resident on the CPU."""
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / MIB
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB


def count_flops(step: Callable[[], Any]) -> int:
    """Return the floating point operations of the matrix products and convolutions of a
    step, forward and backward; a multiplication and an addition are two."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    # Torch has no count for its fused attention on the CPU.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        step()
    return counter.get_total_flops()


def private_memory() -> Optional[float]:
    """Return the MiB private to this process; None if the system does not say."""
    if not MEMORY_MAP.exists():
        return None
    rows = MEMORY_MAP.read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith('Private')) / 1024


def worker_memory(dataset: Sequence, count: int) -> Optional[float]:
    """Return the MiB that a forked worker has to itself after reading samples.

    None if the system does not say.

    Args:
        dataset: read from its beginning.
        count: number of samples.

    Raises:
        ValueError: a sample cannot be read.
    """
    if not MEMORY_MAP.exists():
        return None

    def read(results: multiprocessing.SimpleQueue) -> None:
        for index in range(count):
            dataset[index % len(dataset)]
        results.put(private_memory())

    context = multiprocessing.get_context('fork')
    results = context.SimpleQueue()
    worker = context.Process(target=read, args=(results, ))
    worker.start()
    worker.join()
    if worker.exitcode != 0:
        raise ValueError('a worker could not read the data set; its message is above')
    return results.get()
