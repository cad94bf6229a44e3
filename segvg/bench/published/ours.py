"""Our side: the weights of the published model, renamed by our rules."""
import contextlib
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import Tensor

from segvg.bench.published.adapter import DECIDED, DECISIONS, Inputs
from segvg.bench.published.child import Side
from segvg.bench.random_batch import random_batch
from segvg.checkpoints.io import load_strictly
from segvg.engine.speed import set_defaults
from segvg.registry import MODELS
from segvg.utils.configs import drop_init, load
from segvg.utils.layout import find_folder


class Ours(Side):
    """A grounder of a config; see ``Side``.

    Its steps are those of tools/train.py and tools/test.py: they begin with raw pixels
    and end with boxes of the original image, which the published steps do not.
    """
    label = 'ours'

    def __init__(self, name: str, folder: Path, options: dict) -> None:
        super().__init__(name, folder, options)
        np.random.seed(0)
        MMLogger.get_instance('published').setLevel('ERROR')
        cfg = load(find_folder('configs') / self.adapter.config, self.adapter.options)
        init_default_scope(cfg.get('default_scope', 'segvg'))
        drop_init(cfg.model)
        set_defaults(cfg)
        self.model = MODELS.build(cfg.model).to(self.device)
        self.wrapper = build_optim_wrapper(self.model, cfg.optim_wrapper)
        self.batches = dict(
            infer=random_batch(cfg, self.model, 'test_dataloader', 1,
                               options['sentences']),
            train=random_batch(cfg, self.model, self.adapter.train_loader,
                               options['batch_size'], 1))
        # Cloned: the fields of a batch are views of one buffer.
        torch.save({phase: {name: value.cpu().clone() for name, value
                            in self._inputs(batch)._asdict().items()
                            if value is not None}
                    for phase, batch in self.batches.items()}, folder / 'inputs.pt')

    def _inputs(self, batch: dict) -> Inputs:
        """Return a batch as it leaves the preprocessor."""
        data = self.model.data_preprocessor(batch, False)
        found, samples = data['inputs'], data['data_samples']
        targets = [self.adapter.read_sample(sample) for sample in samples]
        return Inputs(
            found.images, found.padding_mask, *found.text, found.image_index,
            **{name: torch.stack([each[name] for each in targets])
               for name in targets[0]})

    def read(self) -> dict[str, Any]:
        """Read the weights.

        Raises:
            ValueError: the rules do not know a weight of the checkout.
        """
        state = torch.load(self.folder / 'weights.pt', weights_only=True)
        load_strictly(self.model, self.adapter.rename(state), 'the published model')
        return super().read()

    def answers(self, phase: str) -> dict[str, Tensor]:
        """Return what the model, in evaluation, says of the inputs of a phase."""
        data = self.model.data_preprocessor(self.batches[phase], False)
        return self.adapter.ours(self.model, data['inputs'])

    @contextlib.contextmanager
    def decisions(self, found: dict[str, Tensor]) -> Iterator[None]:
        """Take the hard decisions of the published model; add how many ours turns."""
        noted = torch.load(self.folder / DECISIONS, weights_only=True)
        with self.adapter.take_decisions(self.model, noted) as shares:
            yield
        if noted:
            found[DECIDED] = torch.tensor(shares)

    def infer(self) -> None:
        """Answer all sentences about one image."""
        self.model.test_step(self.batches['infer'])

    def loss(self) -> Tensor:
        """Return the training loss of the batch."""
        data = self.model.data_preprocessor(self.batches['train'], True)
        with self.wrapper.optim_context(self.model):
            losses = self.model(**data, mode='loss')
        return self.model.parse_losses(losses)[0]

    def update(self, loss: Tensor) -> None:
        """Compute gradients and update the weights as the config says."""
        self.wrapper.update_params(loss)


SIDE = Ours
