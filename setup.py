"""Installs segvg: ranges here, exact versions in requirements/constraints.txt."""
import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'segvg/version.py').read_text())
DATA = ['pyarrow>=15', 'scipy>=1.11']  # for sources that are parquet or MATLAB files

setup(
    name='segvg',
    version=VERSION.group(1),
    description='Visual grounding for mmengine: from an image and a sentence to the '
    'object, as a box or a mask',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['segvg', 'segvg.*']),
    package_data={'segvg.synthref': ['vocab.txt']},
    install_requires=[
        'torch>=2.4',
        'onedl-mmengine>=0.10.8',
        'onedl-mmcv>=2.3',
        'onedl-mmdetection>=3.4',
        'transformers>=4.49,<6',
        'pycocotools>=2.0.7',
        'numpy>=1.24',
        'pillow>=10.1',
    ],
    extras_require={
        'tests': ['pytest>=8', 'hypothesis>=6', *DATA],
        'data': DATA,
        'dev': ['ruff>=0.6'],
        'text': ['spacy>=3.7'],
    },
)
