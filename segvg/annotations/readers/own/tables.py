"""Tables of rows and columns that people write: CSV and its relatives."""
import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.files.errors import AnnotationFileError, checked_file

SIZE_LIMIT = 1 << 30  # bytes
CELL_LIMIT = 1 << 20  # characters
DELIMITERS = {',': 'commas', ';': 'semicolons', '\t': 'tabs'}
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: 'utf-8-sig', codecs.BOM_UTF32_LE: 'utf-32',
                    codecs.BOM_UTF32_BE: 'utf-32', codecs.BOM_UTF16_LE: 'utf-16',
                    codecs.BOM_UTF16_BE: 'utf-16'}
DECIMAL_COMMA = re.compile(r'[+-]?\d+,\d+')
THOUSANDS = re.compile(r'[+-]?\d{1,3},\d{3}')


class Row(NamedTuple):
    """A row of a table: its line in the file, and its cells.

    ``cells`` is None when they are not as many as the header has, ``error`` says so.
    """

    line: int
    cells: Optional[dict[str, str]]
    error: str = ''


class Table(NamedTuple):
    """A table: names of its columns, its rows, and which delimiter it has."""

    columns: list[str]
    rows: list[Row]
    delimiter: str


def read_text(path: Path, encoding: Optional[str] = None) -> str:
    """The text of a file in UTF-8, or as its byte order mark or the user says.

    Raises:
        AnnotationFileError: it is in another encoding; nothing is guessed.
    """
    data = checked_file(path, SIZE_LIMIT).read_bytes()
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items()
                   if data.startswith(mark)), None)
    try:
        text = data.decode(marked or encoding or 'utf-8')
    except LookupError:
        raise AnnotationFileError(path, f'--encoding {encoding} is not known') from None
    except UnicodeDecodeError as error:
        line = data.count(b'\n', 0, error.start) + 1
        raise AnnotationFileError(
            path, f'line {line} is not {marked or encoding or "UTF-8"} (byte '
            f'{error.start}). Save it as UTF-8, or say which encoding it has, such as '
            '--encoding cp1252 (Western Europe), cp1251, gbk or shift_jis',
            offset=error.start) from None
    if '\0' in text:
        raise AnnotationFileError(path, 'has zero bytes: if it is UTF-16, say '
                                        '--encoding utf-16-le')
    return text


def read_table(path: Path, wanted: Mapping[str, Sequence[str]],
               encoding: Optional[str] = None) -> Table:
    """Read a table whose first row names the columns.

    The delimiter is the one that gives the most columns of those wanted.

    Args:
        path: the file.
        wanted: what is looked for, and the names that its column may have.
        encoding: of the file; None is UTF-8, or what its byte order mark says.

    Raises:
        AnnotationFileError: it cannot be read, or a quotation mark is not closed.
    """
    text = read_text(path, encoding)
    head = next((line for line in text.splitlines() if line.strip()), '')
    if not head:
        raise AnnotationFileError(path, 'is empty; the first line has to name the '
                                        'columns')
    names = {name for options in wanted.values() for name in options}

    def known(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([head], delimiter=delimiter), [])
        return sum(plain(cell) in names for cell in cells), len(cells)

    delimiter = max(DELIMITERS, key=known)
    limit = csv.field_size_limit(CELL_LIMIT)
    try:
        columns, rows = _parse(path, text, delimiter)
    finally:
        csv.field_size_limit(limit)
    return Table(columns, rows, delimiter)


def _parse(path: Path, text: str, delimiter: str) -> tuple[list[str], list[Row]]:
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    columns: list[str] = []
    rows: list[Row] = []
    for line, cells, error in _lines_of(path, reader):
        if error:
            rows.append(Row(line, None, error))
        elif not any(cell.strip() for cell in cells):
            continue  # a blank line
        elif not columns:
            columns = [cell.strip() for cell in cells]
            _check_columns(path, columns)
        elif len(cells) != len(columns):
            rows.append(Row(line, None, (
                f'{len(cells)} cells, the header has {len(columns)}: text that holds '
                f'{DELIMITERS[delimiter]} stands in "quotation marks"')))
        else:
            rows.append(Row(line, dict(zip(columns, cells, strict=True))))
    return columns, rows


def _lines_of(path: Path,
              reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str], str]]:
    """Line number, cells and what is wrong of each row."""
    while True:
        line = getattr(reader, 'line_num', 0) + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if 'unexpected end' in str(error):
                raise AnnotationFileError(path, (
                    f'the quotation mark that opens in line {line} is not closed, so '
                    'all lines from there on are one cell')) from None
            yield line, [], f'{error}; a quotation mark in a text is written twice'
            continue
        yield line, cells, ''


def _check_columns(path: Path, columns: list[str]) -> None:
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        raise AnnotationFileError(path, f'two columns have the name {repeated[0]!r}')


def plain(name: str) -> str:
    """The name of a column without case, blanks and marks: ``X min`` is ``xmin``."""
    return re.sub(r'[\s_\-.]', '', name).lower()


def find_columns(path: Path, columns: Sequence[str], said: Mapping[str, str],
                 wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which column is which.

    Args:
        path: the file, for messages.
        columns: those that it has.
        said: what the user says: key -> name of a column.
        wanted: key -> names that its column may have, in ``plain`` form.

    Raises:
        AnnotationFileError: a column that was named is not there, or two columns could
            be one key.
    """
    found: dict[str, str] = {}
    for key, names in wanted.items():
        if key in said:
            matches = [name for name in columns if name == said[key]] or [
                name for name in columns if plain(name) == plain(said[key])]
            if not matches:
                raise AnnotationFileError(
                    path, f'has no column {said[key]!r} for {key}; it has '
                    f'{", ".join(columns)}', code='missing_field')
            found[key] = matches[0]
            continue
        free = [name for name in columns if name not in said.values()]
        matches = [name for name in free if plain(name) in names]
        if len(matches) > 1:
            raise AnnotationFileError(
                path, f'the columns {" and ".join(matches)} could both be {key}: say '
                f'--columns {key}={matches[0]}', code='bad_type')
        if matches:
            found[key] = matches[0]
    return found


class Decimals:
    """Reads numbers of a table, whose decimal mark may be a comma.

    Args:
        cells: all cells of numbers, of which the comma is decided at once.
        delimiter: of the table; where it is a comma, numbers have points.
    """

    def __init__(self, cells: Sequence[str], delimiter: str) -> None:
        with_comma = [] if delimiter == ',' else [
            cell.strip() for cell in cells if DECIMAL_COMMA.fullmatch(cell.strip())]
        self._is_decimal = any(not THOUSANDS.fullmatch(cell) for cell in with_comma)

    def read(self, cell: str) -> float:
        """The number of a cell; ValueError says what is wrong."""
        text = cell.strip()
        if DECIMAL_COMMA.fullmatch(text):
            if self._is_decimal:
                text = text.replace(',', '.')
            elif THOUSANDS.fullmatch(text):
                raise ValueError(f'{text!r} may be {text.replace(",", ".")} or '
                                 f'{text.replace(",", "")}: write one of these')
        if not re.fullmatch(r'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?', text):
            raise ValueError(f'expected a number, got {text[:80]!r}' if text else
                             'expected a number, the cell is empty')
        return float(text)
