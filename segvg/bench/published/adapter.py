"""What an adapter of a published repository says, and what both sides exchange."""
import contextlib
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional

import torch
from torch import Tensor, nn

from segvg.bench.published.stand_ins import draw_weights

#: Names of the adapters.
NAMES = tuple(sorted(path.stem for path in (Path(__file__).parent / 'adapters').glob(
    '*.py') if path.stem != '__init__'))

#: File of the hard decisions of the published model.
DECISIONS = 'decisions.pt'
#: Name among the answers for the shares of decisions that differ.
DECIDED = 'hard decisions'


class Inputs(NamedTuple):
    """B sentences about I images, as they leave our preprocessor.

    Attributes:
        images: (I, 3, H, W) float32, normalised, 0 where padded.
        padding_mask: (I, H, W) bool, True = padding.
        ids: (B, L) int64.
        text_padding_mask: (B, L) bool, True = padding.
        image_index: (B,) int64, the image of each sentence.
        bboxes: (B, 4) xyxy in pixels of the canvas, the targets.
        masks: (B, H, W), the target masks; None if the method learns from none.
    """
    images: Tensor
    padding_mask: Tensor
    ids: Tensor
    text_padding_mask: Tensor
    image_index: Tensor
    bboxes: Tensor
    masks: Optional[Tensor] = None

    def to(self, device: torch.device) -> 'Inputs':
        """Return them on a device."""
        return Inputs(*(value if value is None else value.to(device)
                        for value in self))

    def one_image_each(self) -> 'Inputs':
        """Return them with the image of each sentence repeated for it."""
        return self._replace(
            images=self.images[self.image_index],
            padding_mask=self.padding_mask[self.image_index],
            image_index=torch.arange(len(self.ids)))

    def sentence(self, number: int) -> 'Inputs':
        """Return one sentence and its image; each sentence has an image of its own."""
        return Inputs(*(value if value is None else value[number:number + 1]
                        for value in self))._replace(image_index=torch.zeros(
                            1, dtype=torch.int64))

    @property
    def boxes(self) -> Tensor:
        """The targets (B, 4) as cxcywh in [0, 1] of the canvas."""
        height, width = self.images.shape[-2:]
        x1, y1, x2, y2 = (self.bboxes / self.bboxes.new_tensor(
            [width, height, width, height])).unbind(-1)
        return torch.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], -1)


class Adapter(ABC):
    """Builds a published model, feeds it, and says what of ours it is compared with.

    Attributes:
        repository: where it is published.
        commit: of the checkout with which the adapter was made.
        file: a file that every checkout has.
        rules: name of the rules that rename its weights to ours.
        config: ours, below ``configs``.
        options: settings that replace those of the config.
        train_loader: whose pipeline makes the images of a training step.
        max_norm: to which published training clips the gradients; 0: not.
    """
    repository: str
    commit: str
    file: str
    rules: str
    config: str
    options: dict[str, Any] = {}
    train_loader = 'train_dataloader'
    max_norm: float = 0.0

    @abstractmethod
    def build(self) -> nn.Module:
        """Return the published model; the checkout is on ``sys.path``."""

    def draw(self, model: nn.Module) -> None:
        """Draw the weights, so that answers have sizes that can be compared."""
        draw_weights(model)

    @abstractmethod
    def answer(self, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
        """Return what the published model, in evaluation, says of its sentences."""

    @abstractmethod
    def loss(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """Return the published training loss."""

    @abstractmethod
    def ours(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return the same answers of our model to a ``GroundingBatch``."""

    @contextlib.contextmanager
    def note_decisions(self, model: nn.Module, noted: list[Tensor]) -> Iterator[None]:
        """Note the hard decisions inside the published model, of which others follow.

        Rounding turns a few of them, between two threads and one as well; what follows
        from another decision says nothing about what is computed. So both models go on
        with those of the published one, and how many differ is compared by itself.

        Args:
            model: the published one.
            noted: appended to, bool, in the order in which they are made.
        """
        yield

    @contextlib.contextmanager
    def take_decisions(self, model: nn.Module, noted: list[Tensor]
                       ) -> Iterator[list[float]]:
        """Let our model go on with noted decisions.

        Args:
            model: ours.
            noted: the decisions; none if a model makes none.

        Yields:
            of each decision the share of its elements that ours decides otherwise,
            appended to when it is made.
        """
        yield []

    def rename(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the published weights under our names.

        Raises:
            ValueError: the rules do not know one of them.
        """
        from segvg.checkpoints.convert import convert_state_dict
        from segvg.checkpoints.rules import RULES
        converted, report = convert_state_dict(state, RULES[self.rules])
        report.raise_unplaced(self.rules)
        return converted

    def read_sample(self, sample: Any) -> dict[str, Tensor]:
        """Return the targets of one of our samples, fields of ``Inputs``."""
        return dict(bboxes=sample.gt_instances.bboxes[0])

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return the optimizer of the published training."""
        return torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad], 1e-4,
            weight_decay=1e-4)


def find_adapter(name: str) -> Adapter:
    """Return an adapter: one of ``NAMES``, or a module that has an ``ADAPTER``.

    Raises:
        ValueError: the name is unknown.
    """
    if name not in NAMES and '.' not in name:
        raise ValueError(f'{name!r} is no method that can be compared: those are '
                         f'{", ".join(NAMES)}')
    module = name if '.' in name else f'{__package__}.adapters.{name}'
    return import_module(module).ADAPTER
