"""The side of the published model: random weights of its own, our inputs."""
import contextlib
import sys
import time
from pathlib import Path
from typing import Iterator

import torch
from torch import Tensor

from segvg.bench.published.adapter import DECIDED, DECISIONS, Inputs
from segvg.bench.published.child import Side, load_inputs
from segvg.utils import profiling


class Theirs(Side):
    """A model of a checkout; see ``Side``.

    It runs an image again for each of its sentences. Of the two ways to do that, a
    batch of all and one after the other, the faster one is taken.
    """
    label = 'theirs'

    def __init__(self, name: str, folder: Path, options: dict) -> None:
        super().__init__(name, folder, options)
        sys.path.insert(0, options['checkout'])
        self.model = self.adapter.build().to(self.device)
        self.adapter.draw(self.model)
        torch.save(self.model.state_dict(), folder / 'weights.pt')
        self.optimizer = self.adapter.optimizer(self.model)
        self.one_by_one: bool | None = None

    def read(self) -> dict:
        """Read the inputs."""
        inputs = load_inputs(self.folder, self.device)
        self.inputs = {phase: values.one_image_each()
                       for phase, values in inputs.items()}
        return super().read()

    def answers(self, phase: str) -> dict[str, Tensor]:
        """Return what the model, in evaluation, says of the inputs of a phase."""
        return self.adapter.answer(self.model, self.inputs[phase])

    @contextlib.contextmanager
    def decisions(self, found: dict[str, Tensor]) -> Iterator[None]:
        """Leave the hard decisions for our side."""
        noted: list[Tensor] = []
        with self.adapter.note_decisions(self.model, noted):
            yield
        torch.save(noted, self.folder / DECISIONS)
        if noted:
            found[DECIDED] = torch.zeros(len(noted))

    def infer(self) -> None:
        """Answer all sentences about one image, whichever way is faster."""
        if self.one_by_one is None:
            seconds = [self._seconds(one_by_one) for one_by_one in (False, True)]
            self.one_by_one = seconds[1] < seconds[0]
        for inputs in self._parts():
            self.adapter.answer(self.model, inputs)

    def _seconds(self, one_by_one: bool) -> float:
        """Return the time of one of the two ways, the second time that it is gone."""
        self.one_by_one = one_by_one
        start = 0.0
        for _ in range(2):
            profiling.synchronize(self.device)
            start = time.perf_counter()
            self.infer()
        profiling.synchronize(self.device)
        return time.perf_counter() - start

    def _parts(self) -> Iterator[Inputs]:
        """Yield the sentences about the image one by one, or all at once."""
        inputs = self.inputs['infer']
        if not self.one_by_one:
            yield inputs
            return
        for number in range(len(inputs.ids)):
            yield inputs.sentence(number)

    def loss(self) -> Tensor:
        """Return the published training loss of the batch."""
        return self.adapter.loss(self.model, self.inputs['train'])

    def update(self, loss: Tensor) -> None:
        """Compute gradients, clip them as published and update the weights."""
        self.optimizer.zero_grad()
        loss.backward()
        if self.adapter.max_norm:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(),
                                           self.adapter.max_norm)
        self.optimizer.step()


SIDE = Theirs
