"""The benchmark measures what it says, without files where it can."""
import importlib.util
import json
import sys

import pytest

from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

TOOL = ROOT / 'tools' / 'analysis_tools' / 'benchmark.py'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('toy') / 'data')


@pytest.fixture
def benchmark(monkeypatch, tmp_path):
    """Call the tool as the command line does, in this process; return its figures."""
    spec = importlib.util.spec_from_file_location('benchmark', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def call(*arguments):
        file = tmp_path / 'figures' / 'out.json'
        arguments = [*arguments, '--device', 'cpu', '--threads', '1', '--json', file,
                     '--overwrite']
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        tool.main()
        return json.loads(file.read_text())
    return call


@pytest.fixture
def config(data, tmp_path):
    """Return the path of a toy version of a config."""
    def make(name, keep_files=True):
        cfg = toy_config(ROOT / 'configs' / name, data, tmp_path)
        if not keep_files:
            for loader in ('train_dataloader', 'test_dataloader'):
                cfg[loader].dataset.data_root = 'none'
                for step in cfg[loader].dataset.pipeline:
                    if 'tokenizer' in step:
                        step.tokenizer.vocab = 'none/vocab.txt'
        path = tmp_path / 'toy.py'
        cfg.dump(path)
        return path
    return make


@pytest.mark.parametrize(
    'name', ['segvg/segvg_refcoco.py', 'transvg/transvg_refcoco.py'])
def test_training_step_needs_no_files(benchmark, config, name, capsys):
    figures = benchmark(config(name, keep_files=False), '--what', 'train',
                        '--batch-size', 3, '--iters', 2)
    seconds = figures['seconds_per_step']
    assert 0 < seconds['min'] <= seconds['median'] <= seconds['max']
    assert figures['samples_per_second'] == pytest.approx(3 / seconds['median'])
    assert figures['seconds_per_image'] == pytest.approx(seconds['median'] / 3)
    assert figures['peak_memory_mib'] >= figures['memory_before_first_step_mib'] > 0
    assert (figures['batch_size'], figures['iters'], figures['threads']) == (3, 2, 1)
    assert figures['flops_per_step'] > 6 * figures['parameters']
    printed = capsys.readouterr().out
    assert 'samples per second' in printed and 'peak memory mib' in printed


@pytest.mark.parametrize('what', ['infer', 'train'])
def test_expressions_share_the_image(what, benchmark, config):
    path = config('segvg/segvg_refcoco.py', keep_files=False)
    arguments = (path, '--what', what, '--iters', 1, '--warmup', 0)
    one = benchmark(*arguments, '--batch-size', 1)
    three = benchmark(*arguments, '--batch-size', 1, '--expressions', 3)
    apart = benchmark(*arguments, '--batch-size', 3)
    assert apart['flops_per_step'] == 3 * one['flops_per_step']
    assert one['flops_per_step'] < three['flops_per_step'] < apart['flops_per_step']
    assert three['samples_per_second'] == pytest.approx(
        3 / three['seconds_per_step']['median'])


def test_evaluation_is_timed_with_and_without_shared_images(benchmark, config):
    figures = benchmark(config('segvg/segvg_refcoco.py'), '--what', 'eval',
                        '--batch-size', 2, '--iters', 2)
    assert (figures['images'], figures['expressions']) == (4, 12)
    assert figures['ratio']['model'] == pytest.approx(
        figures['seconds_alone']['model'] / figures['seconds_shared']['model'])
    seconds = figures['seconds_shared']
    assert 0 < seconds['scores'] < seconds['total'] - seconds['model']
    assert figures['percent_outside_the_model'] == pytest.approx(
        100 * (1 - seconds['model'] / seconds['total']))
    assert figures['largest_box_difference_px'] < 1e-3


def test_evaluation_draws_words_where_the_tokenizer_has_no_file(benchmark, config):
    path = config('segvg/segvg_refcoco.py')
    path.write_text(path.read_text().replace('vocab.txt', 'absent.txt'))
    arguments = (path, '--what', 'eval', '--batch-size', 2, '--iters', 1)
    with pytest.raises(SystemExit, match='absent.txt'):
        benchmark(*arguments)
    figures = benchmark(*arguments, '--random-words')
    # the same text has the same words in both passes
    assert figures['expressions'] == 6 and figures['largest_box_difference_px'] < 1e-3


def test_loading_is_timed(benchmark, config):
    figures = benchmark(config('segvg/segvg_refcoco.py'), '--what', 'load')
    assert figures['samples'] == 12 and figures['seconds_to_open_with_index'] < 1
    assert figures['samples_per_second'] == pytest.approx(
        1 / figures['seconds_per_sample']['median'])
    assert 0 < figures['memory_per_worker_mib'] < 500


def test_missing_data_is_named(benchmark, config):
    path = config('segvg/segvg_refcoco.py', keep_files=False)
    for what, split in (('eval', 'val'), ('load', 'train')):
        with pytest.raises(SystemExit, match=f'annotations none/toy_{split}.jsonl'):
            benchmark(path, '--what', what)


@pytest.mark.parametrize('what', ['train', 'infer'])
def test_steps_in_bfloat16_run_on_a_cpu(benchmark, config, what):
    figures = benchmark(config('segvg/segvg_refcoco.py', keep_files=False), '--what',
                        what, '--dtype', 'bfloat16', '--iters', 1)
    assert figures['dtype'] == 'bfloat16' and figures['samples_per_second'] > 0


def test_numbers_below_one_are_refused(benchmark, config, capsys):
    with pytest.raises(SystemExit):
        benchmark(config('segvg/segvg_refcoco.py'), '--what', 'load', '--iters', 0)
    assert '--iters is at least 1, not 0' in capsys.readouterr().err
