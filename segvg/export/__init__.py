"""Trained grounders as graphs that run without this package."""
from segvg.export.files import FORMATS, export_grounder
from segvg.export.run import ExportedGrounder

__all__ = ['FORMATS', 'ExportedGrounder', 'export_grounder']
