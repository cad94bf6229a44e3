"""RoBERTa's tokenizer from local files."""
from functools import cached_property
from pathlib import Path
from typing import Optional, Union

import numpy as np

from segvg.registry import TASK_UTILS

FILES = ('vocab.json', 'merges.txt')


def find_byte_pairs(name: Union[str, Path]) -> tuple[Path, Path]:
    """Return vocabulary and merges of a folder, or of a model in the hub's cache.

    Raises:
        FileNotFoundError: neither has both files; the message says where they were
            looked for.
    """
    folder = Path(name).expanduser()
    paths = [folder / file for file in FILES]
    if all(path.is_file() for path in paths):
        return paths[0], paths[1]
    where = f'the folder {folder.absolute()}'
    if not folder.exists() and len(Path(name).parts) <= 2:
        import huggingface_hub as hub
        cached = [hub.try_to_load_from_cache(str(name), file) for file in FILES]
        if all(isinstance(path, str) for path in cached):
            return Path(cached[0]), Path(cached[1])
        where += f' and the cache {hub.constants.HF_HUB_CACHE}'
    raise FileNotFoundError(
        f'no byte pairs for {str(name)!r}: {" and ".join(FILES)} were looked for in '
        f'{where}. Copy both files of the model into a folder and give its path as the '
        "tokenizer's `vocab`")


@TASK_UTILS.register_module()
class BytePairTokenizer:
    """RoBERTa's tokenizer: byte pairs of the text as it is, case and blanks count.

    Args:
        vocab: folder with ``vocab.json`` and ``merges.txt``, or the name of a model in
            the cache of the Hugging Face hub.

    Source: Liu et al., "RoBERTa", 2019.
    """
    START, PAD, END = '<s>', '<pad>', '</s>'

    def __init__(self, vocab: Union[str, Path]) -> None:
        self.vocab = vocab

    @cached_property
    def _engine(self):
        """The tokenizer of the ``tokenizers`` library."""
        from tokenizers import Tokenizer, models, pre_tokenizers, processors
        vocab, merges = find_byte_pairs(self.vocab)
        engine = Tokenizer(models.BPE.from_file(str(vocab), str(merges)))
        engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        ids = {piece: engine.token_to_id(piece)
               for piece in (self.START, self.PAD, self.END)}
        missing = [piece for piece, number in ids.items() if number is None]
        if missing:
            raise ValueError(f'{vocab} lacks {", ".join(missing)}: the vocabulary of a '
                             'RoBERTa is expected')
        engine.post_processor = processors.RobertaProcessing(
            (self.END, ids[self.END]), (self.START, ids[self.START]),
            trim_offsets=True, add_prefix_space=False)
        return engine

    @property
    def pad_id(self) -> int:
        """The id of padding."""
        return self._engine.token_to_id(self.PAD)

    def encode(self, text: str,
               max_length: Optional[int] = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids (L,) int64 of ``<s> pieces </s>`` and their spans (L, 2).

        A span is [begin, end) in characters, without blanks; (0, 0) for ``<s>`` and
        ``</s>``. Too many pieces are cut off at the end; nothing is padded.
        """
        found = self._engine.encode(text)
        ids = np.array(found.ids, dtype=np.int64)
        offsets = np.array(found.offsets, dtype=np.int64).reshape(-1, 2)
        if max_length is not None and len(ids) > max_length:
            ids = np.append(ids[:max_length - 1], ids[-1])
            offsets = np.append(offsets[:max_length - 1], offsets[-1:], axis=0)
        return ids, offsets

    def __call__(self, text: str, max_length: Optional[int] = None) -> np.ndarray:
        """Return the ids (L,) int64, see ``encode``."""
        return self.encode(text, max_length)[0]

    def __getstate__(self) -> dict:
        """Leave out what can be rebuilt: workers read the files themselves."""
        return dict(vocab=self.vocab)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(vocab={str(self.vocab)!r})'
