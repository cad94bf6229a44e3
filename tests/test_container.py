"""The Dockerfile does what the pages say, with files that exist; nothing is built."""
import re
from fnmatch import fnmatch

from tests.toy import ROOT

TEXT = (ROOT / 'Dockerfile').read_text(encoding='utf-8')
LINES = re.sub(r'^#.*\n', '', TEXT, flags=re.MULTILINE).replace('\\\n', ' ')
STEPS = [line.split(None, 1) for line in LINES.splitlines() if line.strip()]
PAGES = ' '.join((ROOT / page).read_text(encoding='utf-8')
                 for page in ('README.md', 'docs/container.md'))


def arguments(instruction):
    """Return the arguments of all steps of a kind."""
    return [rest for name, rest in STEPS if name == instruction]


def is_ignored(path):
    """Return whether the build does not see a file; the last rule that fits decides."""
    ignored = False
    for rule in (ROOT / '.dockerignore').read_text().splitlines():
        pattern = rule.removeprefix('!')
        if rule.startswith('#') or not rule:
            continue
        names = path.split('/')
        above = ['/'.join(names[:end]) for end in range(1, len(names) + 1)]
        if any(fnmatch(part, pattern) or fnmatch(part, pattern.replace('**/', '*/'))
               for part in above):
            ignored = not rule.startswith('!')
    return ignored


def test_every_command_of_the_build_stands_in_the_pages():
    commands = [' '.join(command.split()) for step in arguments('RUN')
                for command in step.split('&&')]
    assert len(commands) == 4
    for command in commands:
        assert f'`{command.replace(chr(34), "").replace("${EXTRAS}", "")}`' in PAGES


def test_bases_and_arguments_stand_in_the_pages():
    base, *others = arguments('ARG')
    assert base.startswith('BASE=python:3.') and arguments('FROM') == ['${BASE}']
    cuda, = set(re.findall(r'BASE=(\S*cuda\S*)', TEXT))
    assert f'--build-arg BASE={cuda} ' in PAGES
    for argument in others:
        assert argument.rstrip('=') in PAGES


def test_files_that_are_copied_exist_and_are_seen():
    copied = [name for step in arguments('COPY') for name in step.split()[:-1]]
    for name in copied:
        assert (ROOT / name).exists() and not is_ignored(name), name
    assert is_ignored('.venv/bin/python') and is_ignored('work_dirs/a.pth')
    assert is_ignored('segvg/utils/__pycache__/exits.pyc')
    for link in (ROOT / 'segvg/.mim').iterdir():  # the wheel holds what they lead to
        assert link.resolve().relative_to(ROOT.resolve()).parts[0] in copied
    project = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    assert re.search(r"^readme = '(.+)'", project, re.MULTILINE)[1] in copied
    assert arguments('ENTRYPOINT') == ['["segvg"]'] and "\nsegvg = 'segvg." in project
