"""Read XML of unknown origin: no document type, no entities, bounded size and depth."""
from pathlib import Path
from typing import NoReturn, Union
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from segvg.annotations.files.errors import AnnotationFileError, checked_file

SIZE_LIMIT = 1 << 24  # bytes
DEPTH_LIMIT = 32


def load_xml(path: Union[str, Path], size_limit: int = SIZE_LIMIT) -> Element:
    """The root element of a file; AnnotationFileError when it is not plain XML.

    A document type is refused where it begins, so that no entity is ever defined.
    """
    return _TreeParser(checked_file(path, size_limit)).parse()


class _TreeParser:
    """State of reading one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._depth = 0
        self._builder = TreeBuilder()
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._builder.data
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse

    def parse(self) -> Element:
        try:
            self._parser.Parse(self._path.read_bytes(), True)
            return self._builder.close()
        except AnnotationFileError:
            raise
        except Exception as error:
            raise AnnotationFileError(
                self._path, f'not XML ({type(error).__name__}: {error})',
                offset=self._offset()) from None

    def _start(self, tag: str, attributes: dict) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise AnnotationFileError(self._path, 'elements within elements, deeper '
                                      f'than {DEPTH_LIMIT}', offset=self._offset())
        self._builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def _refuse(self, *declaration: object) -> NoReturn:
        raise AnnotationFileError(self._path, 'has a document type, which is not read',
                                  offset=self._offset())

    def _offset(self) -> int:
        return max(self._parser.CurrentByteIndex, 0)
