"""The command ``segvg``: the programs of ``tools`` by name, from any folder."""
import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from segvg.utils.close_names import did_you_mean
from segvg.utils.exits import one_line_errors
from segvg.utils.layout import find_folder
from segvg.version import __version__


class Command(NamedTuple):
    """A program of ``tools`` and what it is called with before all else."""

    file: str
    arguments: tuple[str, ...] = ()
    told: str = ''  # what it does, where the first line of the file is not enough


DEMO_DATA = ('--level', 'L0', '--seed', '0', '--out', 'data/synthref_l0')
#: Heading -> command -> program; ``segvg --help`` shows them in this order.
GROUPS: dict[str, dict[str, Command]] = {
    'training and scoring': {
        'train': Command('train.py'),
        'test': Command('test.py'),
        'infer': Command('infer.py'),
        'demo': Command('demo_page.py'),
        'train-stages': Command('train_stages.py'),
        'siri': Command('siri.py'),
        'partial-res': Command('partial_res.py')},
    'data': {
        'demo-data': Command('make_synthref.py', DEMO_DATA,
                             'Make the data of the demo, SynthRef L0, in data/.'),
        'prepare': Command('prepare_data.py'),
        'export-data': Command('export_data.py'),
        'make-synthref': Command('make_synthref.py'),
        'make-expressions': Command('make_expressions.py'),
        'browse': Command('browse_dataset.py'),
        'check-leakage': Command('check_leakage.py'),
        'build-vocab': Command('build_vocab.py'),
        'draw-subset': Command('draw_subset.py'),
        'make-pseudo-labels': Command('make_pseudo_labels.py')},
    'configs and weights': {
        'print-config': Command('print_config.py'),
        'download': Command('download.py'),
        'prepare-towers': Command('prepare_towers.py'),
        'convert': Command('convert_checkpoint.py'),
        'export': Command('export_model.py')},
    'results': {
        'compare': Command('compare.py'),
        'eval-predictions': Command('analysis_tools/eval_predictions.py'),
        'run-benchmark': Command('run_benchmark.py'),
        'analyze-errors': Command('analysis_tools/analyze_errors.py'),
        'choose-threshold': Command('analysis_tools/choose_threshold.py'),
        'trivial-answers': Command('analysis_tools/trivial_answers.py')},
    'time and memory': {
        'benchmark': Command('analysis_tools/benchmark.py'),
        'benchmark-all': Command('analysis_tools/benchmark_all.py'),
        'benchmark-export': Command('analysis_tools/benchmark_export.py'),
        'benchmark-decoding': Command('analysis_tools/benchmark_decoding.py'),
        'benchmark-metrics': Command('analysis_tools/benchmark_metrics.py'),
        'count-copies': Command('analysis_tools/count_copies.py'),
        'make-load-data': Command('analysis_tools/make_load_data.py'),
        'calibrate-synthref': Command('analysis_tools/calibrate_synthref.py')}}
# imported by others
NOT_COMMANDS = ('published_evaluators.py', 'synthref_models.py')


def find_groups() -> dict[str, dict[str, Command]]:
    """Return ``GROUPS``, and in a last one the tools that are not in it."""
    tools = find_folder('tools')
    named = {command.file for group in GROUPS.values() for command in group.values()}
    files = (path.relative_to(tools).as_posix() for path in sorted(tools.rglob('*.py'))
             if path.name not in NOT_COMMANDS)
    others = {Path(file).stem.replace('_', '-'): Command(file)
              for file in files if file not in named}
    return {**GROUPS, 'others': others} if others else GROUPS


def find_commands() -> dict[str, Command]:
    """Return all commands by name."""
    return {name: command for group in find_groups().values()
            for name, command in group.items()}


def first_line(path: Path) -> str:
    """Return the first line of the docstring of a program."""
    docstring = ast.get_docstring(ast.parse(path.read_bytes())) or ''
    return docstring.partition('\n')[0]


def help_text() -> str:
    """Return all commands with a line each."""
    tools = find_folder('tools')
    groups = find_groups()
    width = max(len(name) for group in groups.values() for name in group)
    lines = ['usage: segvg COMMAND ...', '',
             'Visual grounding: from an image and a sentence to the object.']
    for heading, group in groups.items():
        lines += ['', f'{heading}:']
        for name, command in group.items():
            told = command.told or first_line(tools / command.file)
            lines.append(f'  {name:{width}}  {told}')
    return '\n'.join([*lines, '', 'segvg COMMAND --help explains a command. Configs of '
                      'the package are segvg::METHOD/NAME.py.'])


def run(name: str, command: Command, arguments: list[str]) -> None:
    """Run a program as ``python tools/NAME.py`` does."""
    path = find_folder('tools') / command.file
    sys.argv = [f'segvg {name}', *command.arguments, *arguments]
    sys.path.insert(0, str(path.parent))
    # Its own classes have to be found by worker processes, so it is the main module.
    module = ModuleType('__main__', None)
    module.__dict__.update(__file__=str(path), __builtins__=__builtins__)
    sys.modules['__main__'] = module
    exec(compile(path.read_bytes(), path, 'exec'), module.__dict__)


@one_line_errors
def main() -> None:
    """Run the command that is named."""
    name, *arguments = sys.argv[1:] or ['--help']
    commands = find_commands()
    if name in commands:
        run(name, commands[name], arguments)
    elif name in ('-h', '--help', 'help'):
        print(help_text())
    elif name == '--version':
        print(f'segvg {__version__}')
    else:
        hint = did_you_mean(name, commands, most=3)
        print(f'segvg: unknown command {name!r}; {hint and f"{hint} "}segvg --help '
              'lists all', file=sys.stderr)
        sys.exit(2)


if __name__ == '__main__':
    main()
