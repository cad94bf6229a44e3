"""The first gradients of every method: one process, and two with uneven shares."""
import json
import multiprocessing
from pathlib import Path
from typing import Callable, NamedTuple
from unittest.mock import patch

import torch
import torch.nn.functional as F
from mmengine.dataset import pseudo_collate
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from segvg.registry import DATASETS, MODELS
from segvg.structures import ExpressionGroup
from segvg.utils.seeding import seeded
from tests.toy import ROOT, toy_config

#: Sentences of the images of each process.
SHARES = ((1, 2), (3, 3))
SENTENCES = SHARES[0] + SHARES[1]
#: Tokens to which every text is padded: some quirks of published code count padding,
#: and two processes pad to their own longest text.
TOKENS = 16


def as_they_are(samples: list) -> None:
    """Leave the targets of the samples of all images as they are."""


def none_in_half(samples: list) -> None:
    """Leave no target in the images of the first process."""
    drop_targets(samples[:sum(SHARES[0])])


def none_in_most(samples: list) -> None:
    """Leave a target in the images of the first process, and all in the other's."""
    drop_targets(samples[1:sum(SHARES[0])])


def captions_none_in_half(samples: list) -> None:
    """As ``none_in_half`` where an image has one caption."""
    drop_targets(samples[:len(SHARES[0])])


def captions_none_in_most(samples: list) -> None:
    """As ``none_in_most`` where an image has one caption."""
    drop_targets(samples[1:len(SHARES[0])])


def drop_targets(samples: list) -> None:
    """Take the targets of samples away."""
    for sample in samples:
        sample.gt_instances = sample.gt_instances[:0]
        if 'phrases' in sample:
            sample.set_metainfo(dict(phrases=[
                dict(phrase, targets=[]) for phrase in sample.phrases]))


class Case(NamedTuple):
    """A model and what its targets are.

    Attributes:
        config: below ``configs``.
        targets: changes the samples of the batch.
        head: settings of the head.
    """
    config: str
    targets: Callable[[list], None] = as_they_are
    head: dict = {}


ENERGY = dict(loss_energy=dict(type='EnergyLoss', channels=64, pixel_channels=16))

CASES = {
    'SegVG': Case('segvg/segvg_tiny_synthref_l0.py'),
    'SegVG, boxes alone': Case('segvg/segvg_tiny_no_mask_synthref_l0.py'),
    'TransVG': Case('transvg/transvg_tiny_synthref_l0.py'),
    'SiRi': Case('siri/siri_tiny_synthref_l0.py'),
    'SiRi, targets in one process': Case('siri/siri_tiny_synthref_l0.py', none_in_half),
    'multi-task SiRi': Case('siri/siri_mt_tiny_synthref_l0.py'),
    'MDETR': Case('siri/mdetr_tiny_captions_synthref_l0.py', captions_none_in_most),
    'SeqTR, boxes': Case('seqtr/seqtr_tiny_det_synthref_l0.py'),
    'SeqTR, contours': Case('seqtr/seqtr_tiny_segm_synthref_l0.py'),
    'Partial-RES': Case('partial_res/partial_res_tiny_synthref_l0.py'),
    'RefTR': Case('reftr/reftr_tiny_synthref_l0.py'),
    'RefTR, masks': Case('reftr/reftr_res_tiny_synthref_l0.py'),
    'RefTR, captions': Case('reftr/reftr_tiny_captions_synthref_l0.py',
                            captions_none_in_most),
    'RefTR, targets in one process': Case(
        'reftr/reftr_tiny_captions_synthref_l0.py', captions_none_in_half, ENERGY),
    'RefTR, by phrases': Case('reftr/reftr_tiny_captions_synthref_l0.py',
                              captions_none_in_most, dict(normalize_by='phrases')),
    'ReLA': Case('rela/rela_tiny_synthref_l0.py', none_in_most),
    'InstanceVG': Case('instancevg/instancevg_tiny_synthref_l1.py', none_in_most),
}


def make_images(case: Case, data: Path, work_dir: Path) -> tuple[nn.Module, list]:
    """Return the model of a case, in double precision, and its images.

    In evaluation mode: without dropout, and batch normalisation uses its averages, not
    those of the images that a process has.
    """
    cfg = toy_config(ROOT / 'configs' / case.config, data, work_dir)
    cfg.model.head.update(case.head)
    dataset_cfg = cfg.train_dataloader.dataset
    if dataset_cfg.get('sample_by') != 'caption':
        dataset_cfg.sample_by = 'image'
    init_default_scope('segvg')
    dataset = DATASETS.build(dataset_cfg)
    images = []
    for number, count in enumerate(SENTENCES):
        with seeded(number):
            packed = dataset[number]
        samples = list(packed['data_samples'])[:count]
        packed['data_samples'] = ExpressionGroup(samples)
        images.append(packed)
    every = [sample for packed in images for sample in packed['data_samples']]
    for sample in every:
        margin = (0, TOKENS - len(sample.token_ids))
        sample.token_ids = F.pad(sample.token_ids, margin)
        sample.text_padding_mask = F.pad(sample.text_padding_mask, margin, value=True)
        for field, values in sample.gt_instances.items():
            if torch.is_tensor(values) and values.is_floating_point():
                sample.gt_instances[field] = values.double()
    case.targets(every)
    with seeded(0):
        model = MODELS.build(cfg.model)
        for weight in model.parameters():  # none is zero, which would hide gradients
            weight.data += 0.02 * torch.randn_like(weight)
    return model.double().eval(), images


def loss(run: nn.Module, model: nn.Module, images: list) -> Tensor:
    """Return the sum of the losses of images."""
    data = model.data_preprocessor(pseudo_collate(images))
    return sum(run(**data, mode='loss').values())


def gradients(run: nn.Module, model: nn.Module, images: list) -> dict[str, Tensor]:
    """Return the gradients of the sum of the losses of images."""
    model.zero_grad()
    loss(run, model, images).backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()
            if weight.grad is not None}


def norm(grads: dict[str, Tensor]) -> float:
    """Return the norm of all gradients together."""
    return float(torch.stack([grad.norm() for grad in grads.values()]).norm())


def compare(whole: dict[str, Tensor], shared: dict[str, Tensor]) -> dict:
    """Return the norms, and the largest difference relative to a parameter's largest.

    Gradients that are 0 but for rounding are compared with the norm of all.
    """
    least = 1e-6 * norm(whole)
    differences = {
        name: float((grad - shared[name]).abs().max() / max(grad.abs().max(), least))
        for name, grad in whole.items()}
    worst = max(differences, key=lambda name: differences[name])
    return dict(whole=norm(whole), shared=norm(shared), names=len(whole),
                same_names=whole.keys() == shared.keys(),
                difference=differences[worst], worst=worst)


def run_two_processes(data: str, work_dir: str) -> None:
    """Be the first of two processes, which writes ``table.json``; fork the other one.

    What both need is made before. Nothing may have been derived by then: the threads
    that do it are not forked.
    """
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    made = {name: make_images(case, Path(data), Path(work_dir))
            for name, case in CASES.items()}
    other = multiprocessing.get_context('fork').Process(
        target=run_process, args=(1, made, work_dir), daemon=True)
    other.start()
    run_process(0, made, work_dir)
    other.join()
    assert other.exitcode == 0


def run_process(rank: int, made: dict[str, tuple[nn.Module, list]], work_dir: str
                ) -> None:
    """Be one of two processes."""
    whole, table = {}, {}
    if rank == 0:
        whole = {name: gradients(model, model, images)
                 for name, (model, images) in made.items()}
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{work_dir}/group', rank=rank, world_size=2)
    for name, (model, images) in made.items():
        wrapped = MMDistributedDataParallel(model, device_ids=None,
                                            broadcast_buffers=False)
        first = len(SHARES[0])
        images = images[first:] if rank else images[:first]
        own = gradients(wrapped, model, images)
        # The next step fails, before the model is called, where a parameter had no
        # gradient in this one.
        with patch.object(model, 'forward', return_value={}):
            loss(wrapped, model, images)
        if rank == 0:
            norms = [part for part, module in model.named_modules()
                     if isinstance(module, _BatchNorm)]
            table[name] = dict(compare(whole[name], own), batch_norms=norms)
    if rank == 0:
        Path(work_dir, 'table.json').write_text(json.dumps(table))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
