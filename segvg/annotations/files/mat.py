"""Read one matrix of a MATLAB file; nothing in such files is run."""
import math
from pathlib import Path
from typing import Union

import numpy as np

from segvg.annotations.files.pickles import AnnotationFileError

SIZE_LIMIT = 1 << 26  # bytes of the file
ELEMENT_LIMIT = 1 << 28


def load_mat(path: Union[str, Path], name: str,
             dtype: type = np.uint8) -> np.ndarray:
    """The matrix (rows, columns) called ``name``; no other variable is read.

    Files of version 4 and 5 are read, with SciPy. AnnotationFileError when there is no
    such matrix, with the code for the report.
    """
    try:
        from scipy.io import loadmat, whosmat
    except ImportError:
        raise ImportError(f'{path} is a MATLAB file, which SciPy reads: '
                          "pip install 'segvg[data]' or pip install scipy") from None
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no file {path}')
    if path.stat().st_size > SIZE_LIMIT:
        raise AnnotationFileError(path, f'more than the limit of {SIZE_LIMIT} bytes')
    try:
        shapes = {variable: shape for variable, shape, _ in whosmat(path)}
        if name in shapes and math.prod(shapes[name]) > ELEMENT_LIMIT:
            raise ValueError(f'{name} of {shapes[name]}')
        array = loadmat(path, variable_names=[name]).get(name)
    except Exception as error:
        raise AnnotationFileError(
            path, f'cannot be read ({type(error).__name__}: {error})') from None
    if array is None:
        raise AnnotationFileError(path, f'has no variable {name}', code='missing_field')
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype != dtype:
        raise AnnotationFileError(path, f'{name} is no matrix of {np.dtype(dtype)}',
                                  code='bad_type')
    return array
