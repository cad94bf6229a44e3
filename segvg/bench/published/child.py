"""The process of one model: builds it, then does what the lines of its input say.

python -m segvg.bench.published.child ours|theirs NAME FOLDER OPTIONS

``OPTIONS`` is JSON. Each line of the input and of the output is JSON too: a command
with its arguments, and the result. Whatever else a model prints goes to the error
stream.
"""
import contextlib
import ctypes
import json
import os
import sys
import time
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.bench.published.adapter import Inputs, find_adapter
from segvg.utils import profiling
from segvg.utils.precision import use_tf32

STATUS = Path('/proc/self/status')


class Side(ABC):
    """One of the two models, with what it is fed.

    Args:
        name: of the adapter.
        folder: where the two sides leave files for each other.
        options: ``device``, ``threads``, ``batch_size``, ``sentences`` and more.
    """
    label: str
    model: nn.Module

    def __init__(self, name: str, folder: Path, options: dict) -> None:
        self.adapter = find_adapter(name)
        self.folder = folder
        self.options = options
        self.device = torch.device(options['device'])
        torch.set_num_threads(options['threads'])
        torch.manual_seed(0)
        use_tf32(False)  # both compute in float32

    @abstractmethod
    def answers(self, phase: str) -> dict[str, Tensor]:
        """Return what the model, in evaluation, says of the inputs of a phase."""

    @abstractmethod
    def decisions(self, found: dict[str, Tensor]
                  ) -> contextlib.AbstractContextManager[None]:
        """Note hard decisions, or take noted ones; add how many differ to answers."""

    @abstractmethod
    def infer(self) -> None:
        """Answer all sentences about one image."""

    @abstractmethod
    def loss(self) -> Tensor:
        """Return the training loss of the batch."""

    @abstractmethod
    def update(self, loss: Tensor) -> None:
        """Compute gradients and update the weights."""

    # -- commands ----------------------------------------------------------------------

    def read(self) -> dict[str, Any]:
        """Read what the other side has left."""
        return dict(torch=torch.__version__, trained=sum(
            p.numel() for p in self.model.parameters() if p.requires_grad))

    def compare(self) -> dict[str, Any]:
        """Leave the answers to all inputs, and the loss without dropout."""
        found: dict[str, Tensor] = {}
        with torch.no_grad(), self.decisions(found):
            self.model.eval()
            for phase in ('infer', 'train'):
                found.update({f'{phase} {name}': value.float().cpu()
                              for name, value in self.answers(phase).items()})
            self.model.train()
            with without_dropout():
                found['train loss'] = self.loss().detach().float().cpu().reshape(())
        torch.save(found, self.folder / f'answers_{self.label}.pt')
        return {}

    def begin(self, phase: str) -> dict[str, Any]:
        """Prepare for the steps of a phase and forget the peak of memory until now."""
        self.model.train(phase == 'train')
        forget_peak(self.device)
        return {}

    def step(self, phase: str) -> dict[str, Any]:
        """Do one step and return its seconds, of the clock and of the processor."""
        profiling.synchronize(self.device)
        start, used = time.perf_counter(), time.process_time()
        if phase == 'infer':
            with torch.no_grad():
                self.infer()
        else:
            self.update(self.loss())
        profiling.synchronize(self.device)
        return dict(seconds=time.perf_counter() - start,
                    processor=time.process_time() - used)

    def memory(self) -> dict[str, Any]:
        """Return the largest memory since ``begin``."""
        return dict(mib=peak_since(self.device))


def forget_peak(device: torch.device) -> None:
    """Let the count of the largest memory begin anew."""
    if device.type == 'cuda':
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    elif sys.platform == 'linux':
        ctypes.CDLL(None).malloc_trim(0)
        with contextlib.suppress(OSError):
            Path('/proc/self/clear_refs').write_text('5')  # resets VmHWM


def peak_since(device: torch.device) -> float:
    """Return the most MiB held since ``forget_peak``; on other systems, ever."""
    if device.type == 'cpu' and STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) / 1024
    return profiling.peak_memory(device)


@contextlib.contextmanager
def without_dropout() -> Iterator[None]:
    """Let ``F.dropout`` and attention keep everything."""
    dropout, attention = F.dropout, F.scaled_dot_product_attention

    def keep(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input

    def attend(query: Tensor, key: Tensor, value: Tensor, attn_mask: Any = None,
               dropout_p: float = 0.0, *args: Any, **kwargs: Any) -> Tensor:
        return attention(query, key, value, attn_mask, 0.0, *args, **kwargs)

    F.dropout, F.scaled_dot_product_attention = keep, attend  # type: ignore
    try:
        yield
    finally:
        F.dropout, F.scaled_dot_product_attention = dropout, attention


def load_inputs(folder: Path, device: torch.device) -> dict[str, Inputs]:
    """Return the inputs of both phases that our side has left."""
    stored = torch.load(folder / 'inputs.pt', weights_only=True)
    return {phase: Inputs(**values).to(device) for phase, values in stored.items()}


def main() -> None:
    """Serve until the input ends."""
    side, name, folder, options = sys.argv[1:]
    answer = os.fdopen(os.dup(1), 'w', encoding='utf-8')
    os.dup2(2, 1)  # a model may print
    kind = import_module(f'segvg.bench.published.{side}').SIDE
    server = kind(name, Path(folder), json.loads(options))
    print(json.dumps({}), file=answer, flush=True)
    for line in sys.stdin:
        words = json.loads(line)
        result = getattr(server, words.pop('do'))(**words)
        print(json.dumps(result), file=answer, flush=True)


if __name__ == '__main__':
    main()
