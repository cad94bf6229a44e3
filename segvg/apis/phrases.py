"""Phrases of a caption: where they are in it, and what was found for each."""
from functools import lru_cache
from typing import Any, Sequence

from mmengine.structures import InstanceData

from segvg.structures import GroundingDataSample
from segvg.structures.phrases import phrase_text
from segvg.utils.lower_case import lower_with_origins

#: The spaCy model that finds noun phrases by default.
SPACY_MODEL = 'en_core_web_sm'
#: Tags of words that stand for something that is named elsewhere: it, who, that.
PRONOUNS = ('PRP', 'WP', 'WDT')
#: Transforms that make use of phrases.
PHRASE_TRANSFORMS = ('TokenizePhrases', 'TokenizeCaption')


def locate_phrases(text: str, phrases: Sequence[str]) -> list[dict]:
    """Return the phrases of a caption as records with their spans of characters.

    A phrase that occurs several times is looked for behind the one before it; if it
    does not occur there, its first occurrence counts.

    Raises:
        ValueError: a phrase is not part of the text.
    """
    lowered, origins = lower_with_origins(text)
    records, after = [], 0
    for phrase in phrases:
        wanted, _ = lower_with_origins(phrase.strip())
        begin = lowered.find(wanted, after)
        if begin < 0:
            begin = lowered.find(wanted)
        if begin < 0 or not wanted:
            raise ValueError(f'the phrase {phrase!r} is not part of the text {text!r}')
        after = begin + len(wanted)
        records.append(dict(span=[[origins[begin], origins[after - 1] + 1]],
                            targets=[]))
    return records


@lru_cache(maxsize=4)
def load_parser(model: str) -> Any:
    """Return a spaCy model, by its name or folder; it is loaded once.

    Raises:
        ValueError: spaCy or the model is not installed, or the model cannot find noun
            phrases.
    """
    try:
        import spacy
        parser = spacy.load(model, exclude=['ner', 'lemmatizer'])
    except (ImportError, OSError) as error:
        raise ValueError(
            f'no phrases were given, and the spaCy model {model!r}, which finds noun '
            'phrases, is not installed: give --phrases, name a model that is installed '
            f'(--spacy MODEL), or python -m spacy download {model}') from error
    if 'parser' not in parser.pipe_names:
        raise ValueError(f'the spaCy model {model!r} has no parser, which finds noun '
                         f'phrases; it has {", ".join(parser.pipe_names) or "no part"}')
    return parser


def noun_phrases(text: str, model: str = SPACY_MODEL) -> list[str]:
    """Return the noun phrases that spaCy finds in a caption, or the caption if none.

    Pronouns alone (*it*, *who*) are left out.

    Args:
        text: the caption.
        model: name or folder of a spaCy model with a parser, of the caption's language.

    Raises:
        ValueError: spaCy or the model is not installed, the model has no parser, or
            spaCy has no noun phrases for its language.
    """
    parsed = load_parser(model)(text)
    try:
        chunks = [chunk.text for chunk in parsed.noun_chunks
                  if chunk.root.tag_ not in PRONOUNS]
    except NotImplementedError as error:
        raise ValueError(f'the spaCy model {model!r} is for a language whose noun '
                         'phrases spaCy does not know: give --phrases') from error
    return chunks or [text]


def split_phrases(sample: GroundingDataSample) -> list[GroundingDataSample]:
    """Return a sample for each phrase with the box that fits it best.

    A sample without phrases comes back alone.
    """
    phrases = sample.get('phrases')
    if not phrases:
        return [sample]
    found, parts = sample.pred_instances, []
    for number, phrase in enumerate(phrases):
        scores = found.phrase_scores[:, number]
        best = slice(0, 0)
        if len(scores):
            best = slice(int(scores.argmax()), int(scores.argmax()) + 1)
        kept = InstanceData(bboxes=found.bboxes[best], scores=scores[best])
        if 'masks' in found:
            kept.masks = found.masks[best]
        meta = {key: value for key, value in sample.metainfo.items()
                if key != 'phrases'}
        meta['text'] = phrase_text(sample.text, phrase)
        part = GroundingDataSample(metainfo=meta)
        part.pred_instances = kept
        parts.append(part)
    return parts
