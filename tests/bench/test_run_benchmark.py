"""A plan is run, stopped, resumed; one entry may fail."""
import json
import os
import signal
import time
from runpy import run_path
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from segvg.bench.plan import config_path, read_plan
from tests.tools.killing import run_forked, run_until_there
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

SEGVG = ROOT / 'configs/segvg/segvg_refcoco.py'
SCORE, OTHER = 'rec/mIoU', 'rec/acc@0.5'


@pytest.fixture
def plan(tmp_path):
    """A good and a bad entry on toy data, and one that starts from each."""
    data = make_data(tmp_path / 'data')
    path = tmp_path / 'toy_segvg.py'
    cfg = toy_config(SEGVG, data, tmp_path / 'unused')
    cfg.train_dataloader.batch_size = 4
    cfg.dump(path)
    entries = [dict(name='Good', config=str(path)),
               dict(name='Bad', config=str(path), options={'model.head.channels': 63}),
               dict(name='Later', config=str(path), starts_from='Good',
                    scores=[SCORE]),
               dict(name='Never', config=str(path), starts_from='Bad')]
    path = tmp_path / 'plan.py'
    path.write_text('\n'.join([
        "name = 'toy'", 'seeds = [0]', "splits = ['val']", f'scores = {[SCORE, OTHER]}',
        'epochs = 2', f'entries = {entries!r}']))
    return path


@pytest.fixture
def forked(monkeypatch):
    """Let what runs in this process fork its programs."""
    monkeypatch.setattr('segvg.bench.steps.PROGRAMS', SimpleNamespace(
        run=run_forked, begin=lambda: None, end=lambda: None))


def read_table(work_dir) -> dict:
    tables = json.loads((work_dir / 'table.json').read_text())
    assert len(tables) == 1
    return {line['entry']: (line['seeds'], line['scores']) for line in
            tables[0]['lines']}


def test_failing_entry_and_two_kills_change_nothing(plan, forked, tmp_path, monkeypatch,
                                                    capsys):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'run_benchmark.py', plan, '--work-dir', whole)
    assert stop.value.code == 1
    printed = capsys.readouterr()
    assert 'Bad, seed 0 failed' in printed.err and '[2/4] Bad, seed 0: FAILED' in (
        printed.out)
    assert 'Never, seed 0 failed: it starts from Bad, which has no weights' in (
        printed.err)
    table = read_table(whole)
    assert list(table) == ['Good', 'Later']
    assert table['Good'][1][SCORE] != table['Later'][1][SCORE]
    assert table['Good'][1][OTHER] is not None and table['Later'][1][OTHER] is None
    folder = whole / 'good/seed_0'
    weights = folder / (folder / 'trained').read_text().strip()
    assert f'from path: {weights}' in (whole / 'later/seed_0/train.log').read_text()
    assert table['Good'][0] == [0] and 0 < table['Good'][1][SCORE]['score'] < 100
    assert '| Good | 0 |' in (whole / 'table.md').read_text()
    assert '<h1>toy</h1>' in (whole / 'table.html').read_text()

    command = ['tools/run_benchmark.py', plan, '--only', 'Good', 'Later', '--jobs', 2,
               '--work-dir', parts]
    for sign in ('good/seed_0/trained', 'later/seed_0/last_checkpoint'):
        run_until_there(parts / sign, command, 'segvg.bench.steps')
    again = ('run_benchmark.py', plan, '--only', 'Good', 'Later', '--work-dir', parts)
    run_tool(monkeypatch, *again)
    assert read_table(parts) == table
    capsys.readouterr()

    run_tool(monkeypatch, *again)
    assert 'was done before' in capsys.readouterr().out
    plan.write_text(plan.read_text().replace('epochs = 2', 'epochs = 3'))
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, 'run_benchmark.py', plan, '--work-dir', parts, '--only',
                 'Good')
    assert "was begun with other settings (options)" in capsys.readouterr().err


def test_no_job_waits_while_another_entry_could_run(plan, tmp_path, monkeypatch):
    """Good only ends once a second run is there, and that cannot be one after it."""
    bench_tool = run_path(str(ROOT / 'tools/run_benchmark.py'))['Bench']
    bench = bench_tool(read_plan(plan), tmp_path / 'work', read_plan(plan).runs)
    second, order = Event(), []

    def perform(steps, run, plan):
        order.append(run.entry)
        if run.entry == 'Good':
            assert second.wait(30), f'only {order} began'
        second.set()

    monkeypatch.setitem(bench_tool.perform.__globals__, 'perform', perform)
    bench.run(2)
    assert order[0] == 'Good' and sorted(order) == ['Bad', 'Good', 'Later', 'Never']
    assert not bench.failed


def test_bug_in_a_job_ends_the_bench_when_the_others_are_done(plan, tmp_path,
                                                              monkeypatch):
    """No error is lost, no training that runs is, and nobody waits forever."""
    bench_tool = run_path(str(ROOT / 'tools/run_benchmark.py'))['Bench']
    bench = bench_tool(read_plan(plan), tmp_path / 'work', read_plan(plan).runs)
    bad_began, ended = Event(), []

    def perform(steps, run, plan):
        if run.entry == 'Good':
            assert bad_began.wait(30)
            raise KeyError('a bug')
        bad_began.set()
        time.sleep(0.5)
        ended.append(run.entry)

    monkeypatch.setitem(bench_tool.perform.__globals__, 'perform', perform)
    with pytest.raises(KeyError, match='a bug'):
        bench.run(2)
    assert ended == ['Bad']


@pytest.fixture
def interruptible():
    """Let SIGINT raise KeyboardInterrupt; processes of pytest-xdist ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupt_ends_what_runs_and_begins_nothing(tmp_path, monkeypatch,
                                                     interruptible):
    """SIGTERM to the tool reaches it alone; a training may take days."""
    monkeypatch.setattr('segvg.utils.child_processes.GRACE', 0.1)
    (tmp_path / 'train.py').write_text(
        'import os, sys, time\nfolder = sys.argv[sys.argv.index("--work-dir") + 1]\n'
        'open(f"{folder}/number", "w").write(f"{os.getpid()} ")\ntime.sleep(300)\n')
    common = dict(config=str(SEGVG), command=str(tmp_path / 'train.py'))
    entries = [dict(common, name=name) for name in 'abc']
    path, work = tmp_path / 'plan.py', tmp_path / 'work'
    path.write_text(f"name = 'p'\nsplits = ['val']\nscores = {[SCORE]}\n"
                    f'entries = {entries!r}\n')
    bench_tool = run_path(str(ROOT / 'tools/run_benchmark.py'))['Bench']
    bench = bench_tool(read_plan(path), work, read_plan(path).runs)
    files = [work / name / 'seed_0/number' for name in 'abc']

    def interrupt():
        while not all(file.exists() and file.read_text() for file in files[:2]):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    start = time.monotonic()
    Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        bench.run(2)
    assert time.monotonic() - start < 200
    for file in files[:2]:
        with pytest.raises(ProcessLookupError):
            os.kill(int(file.read_text()), 0)
    assert not files[2].exists() and not (work / 'c').exists()


def test_entry_may_be_trained_in_rounds(tmp_path, monkeypatch, forked):
    """The tool and the plan each have a note of their settings in the run's folder."""
    path = tmp_path / 'toy_siri.py'
    cfg = toy_config(ROOT / 'configs/siri/siri_tiny_synthref_l0.py',
                     make_data(tmp_path / 'data'), tmp_path / 'unused')
    cfg.retraining = dict(rounds=2, keep=['fusion.layers'])
    cfg.dump(path)
    common = dict(config=str(path), command='tools/siri.py')
    entries = [dict(common, name='Rounds', checkpoint='round_*/last_checkpoint'),
               dict(common, name='One run', checkpoint='one_run/last_checkpoint',
                    options={'retraining.one_run': True})]
    plan, work = tmp_path / 'plan.py', tmp_path / 'work'
    plan.write_text('\n'.join([
        "name = 'toy'", "splits = ['val']", f'scores = {[SCORE]}', 'epochs = 1',
        f'entries = {entries!r}']))
    run_tool(monkeypatch, 'run_benchmark.py', plan, '--work-dir', work)
    assert list(read_table(work)) == ['Rounds', 'One run']
    trained = [(work / name / 'seed_0/trained').read_text().strip()
               for name in ('rounds', 'one_run')]
    assert trained == ['round_2/epoch_1.pth', 'one_run/epoch_2.pth']


@pytest.mark.parametrize('change,message', [
    (("name = 'toy'", "nam = 'toy'"), 'name is missing; nam is none of'),
    (("name': 'Bad'", "name': 'Good'"), 'two entries have the same name'),
    (("'starts_from': 'Good'", "'starts_from': 'God'"),
     'Later starts from God with seed 0, which no entry before it has'),
    (('toy_segvg.py', 'absent.py'), 'does not exist')])
def test_wrong_plans_are_told(plan, change, message, monkeypatch):
    plan.write_text(plan.read_text().replace(*change))
    assert message in tool_error(monkeypatch, 'run_benchmark.py', plan)


def test_other_data_in_the_place_of_the_plans_are_told(plan, tmp_path, monkeypatch):
    made = f'make_synthref.py --level L0 --seed 0 --out {tmp_path}/made --sizes'.split()
    run_tool(monkeypatch, *made, 'train=0,val=1,testA=0,testB=0')
    wanted = ' '.join(['tools/' + made[0], *made[1:], 'train=0,val=2,testA=0,testB=0'])
    plan.write_text(f'{plan.read_text()}\ndata = [{wanted!r}]')
    message = tool_error(monkeypatch, 'run_benchmark.py', plan, '--work-dir',
                         tmp_path / 'work')
    assert "sizes {'train': 0, 'val': 1" in message and '--overwrite' in message


def test_unknown_entry_is_told(plan, monkeypatch):
    message = tool_error(monkeypatch, 'run_benchmark.py', plan, '--only', 'SegVG')
    assert '--only SegVG: the entries are Bad, Good, Later, Never' in message


def test_entries_have_folders_of_their_own(tmp_path):
    plan = tmp_path / 'plan.py'
    entry = "dict(name='{}', config='configs/segvg/segvg_tiny_synthref_l0.py')"
    text = "name = 'p'\nsplits = ['val']\nscores = ['rec/mIoU']\nentries = [{}, {}]\n"
    plan.write_text(text.format(entry.format('RefCOCO'), entry.format('RefCOCO+')))
    assert [run.folder for run in read_plan(plan).runs] == [
        'refcoco/seed_0', 'refcoco_plus/seed_0']
    plan.write_text(text.format(entry.format('A 5'), entry.format('A.5')))
    with pytest.raises(ValueError, match="'A 5' and 'A.5' would have one folder"):
        read_plan(plan)


@pytest.mark.parametrize('path', sorted((ROOT / 'benchmarks').glob('*.py')),
                         ids=lambda path: path.stem)
def test_shipped_plans_can_be_read(path):
    plan = read_plan(path)
    assert len({run.folder for run in plan.runs}) == len(plan.runs) >= 6
    assert all(config_path(run.config).is_file() for run in plan.runs)
