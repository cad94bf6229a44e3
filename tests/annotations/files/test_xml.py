"""XML is read without document types, entities and depth."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.xml import load_xml


def write(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'a.xml'
    path.write_bytes(text.encode(encoding))
    return path


def test_plain_elements_are_read(tmp_path):
    root = load_xml(write(tmp_path, '<a><b>1</b><b k="v"> &amp;2 </b></a>'))
    assert [(child.tag, child.text) for child in root] == [('b', '1'), ('b', ' &2 ')]


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16'])
@pytest.mark.parametrize('text', [
    '<!DOCTYPE a><a/>', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!DOCTYPE a SYSTEM "other.dtd"><a/>'])
def test_document_type_is_refused_in_any_encoding(tmp_path, text, encoding):
    with pytest.raises(AnnotationFileError, match='a.xml, byte .*document type'):
        load_xml(write(tmp_path, text, encoding))


@pytest.mark.parametrize('text', [
    '', 'text', '<a>', '<a></b>', '<a>&x;</a>', '<a/><a/>',
    '<?xml version="1.0" encoding="none"?><a/>'])
def test_broken_file_is_an_error_that_names_it(tmp_path, text):
    with pytest.raises(AnnotationFileError, match='a.xml.*not XML'):
        load_xml(write(tmp_path, text))


def test_depth_and_size_are_bounded(tmp_path):
    path = write(tmp_path, '<a>' * 99 + '</a>' * 99)
    with pytest.raises(AnnotationFileError, match='deeper than 32'):
        load_xml(path)
    with pytest.raises(AnnotationFileError, match='more than the limit of 9'):
        load_xml(path, size_limit=9)
    with pytest.raises(FileNotFoundError, match='file .* does not exist'):
        load_xml(tmp_path / 'b.xml')
