"""Scripts and languages: their words for left and right, and how to recognize them."""
import re
import unicodedata
from collections import Counter
from itertools import product
from typing import Iterable, Optional

#: A word for left and the word for right.
Pair = tuple[str, str]

# Scripts in which words are not always separated by blanks.
UNSPACED = ('CJK', 'HIRAGANA', 'KATAKANA', 'HANGUL', 'THAI', 'LAO', 'KHMER', 'MYANMAR')
# Japanese and Korean texts may hold characters of several scripts.
SCRIPT_LANGUAGE = dict(HIRAGANA='japanese', KATAKANA='japanese', HANGUL='korean',
                       CJK='chinese')

_SUFFIXES = ('', 'most', 'hand', 'handed', 'side', 'sided', 'ward', 'wards')
_PREFIXES = ('top', 'bottom', 'upper', 'lower', 'front', 'back', 'rear', 'near', 'far',
             'mid', 'middle', 'center', 'centre')
_GERMAN = ('{}s', '{}e', '{}er', '{}en', '{}em', '{}es', '{}erhand', '{}sseitig',
           '{}sseitige', '{}sseitigen', '{}saußen')
# In French the word for right depends on the gender of what it describes; these are
# masculine and have sides.
_FRENCH = ('côté', 'coin', 'bord', 'bout', 'bras', 'pied', 'œil', 'genou', 'gant',
           'coude', 'poignet', 'mur', 'rang', 'flanc', 'rétroviseur')
_FRENCH_BETWEEN = (' ', ' supérieur ', ' inférieur ', ' avant ', ' arrière ')

#: Language -> its pairs. A word paired with itself is kept as it is.
SIDE_PAIRS: dict[str, tuple[Pair, ...]] = dict(
    english=(
        *((f'left{end}', f'right{end}') for end in _SUFFIXES),
        *((f'{begin}left{end}', f'{begin}right{end}')
          for begin, end in product(_PREFIXES, ('', 'most')))),
    # 左右: both sides, or "about" after a number
    chinese=(('左', '右'), ('左右', '左右'), ('座右铭', '座右铭')),
    japanese=(('左', '右'), ('左右', '左右')),
    german=tuple((form.format('link'), form.format('recht')) for form in _GERMAN),
    french=(
        ('gauche', 'droite'), ('gauches', 'droites'),
        *((f'{noun}{between}gauche', f'{noun}{between}droit')
          for noun, between in product(_FRENCH, _FRENCH_BETWEEN))),
    spanish=tuple((f'izquierd{end}', f'derech{end}') for end in ('a', 'o', 'as', 'os')))

# Frequent words that tell languages with Latin letters apart
_FUNCTION_WORDS = dict(
    english='the a an of on in with and is at to that as no do i his her left right '
            'wearing holding behind',
    german='der die das den dem ein eine einen einem mit auf und im am von vor ist '
           'links rechts neben',
    french='le la les un une des du de avec et sur à au aux dans en qui gauche droite '
           'est',
    spanish='el la los las un una de del con y en a al que izquierda derecha es',
    italian='il lo la gli le un una di del della con e in a al che sinistra destra è',
    portuguese='o a os as um uma de do da com e em no na à que esquerda direita é',
    dutch='de het een met en op in aan bij links rechts naast is die',
    swedish='en ett den det med och på i till vänster höger som är av',
    polish='na po lewej prawej stronie obok przed jest od do',
    turkish='bir ve sol sağ solda sağda olan ile üzerinde yanında soldaki sağdaki',
    indonesian='yang di dengan dan sebelah kiri kanan dari orang ini itu sebuah',
    vietnamese='bên trái phải người một đang màu và ở của cái có')
FUNCTION_WORDS = {language: frozenset(words.split())
                  for language, words in _FUNCTION_WORDS.items()}


def script_of(text: str) -> Optional[str]:
    """Return the script of most letters of a text, as Unicode names it, or None.

    A text with Japanese syllables is Japanese (``HIRAGANA``), whatever else it holds.
    """
    scripts: Counter[str] = Counter()
    for character in text:
        if character.isascii():
            scripts['LATIN'] += character.isalpha()
        elif character.isalpha():
            scripts[unicodedata.name(character, 'UNKNOWN').split()[0]] += 1
    if scripts['HIRAGANA']:
        return 'HIRAGANA'
    script, count = scripts.most_common(1)[0] if scripts else (None, 0)
    return script if count else None


def language_of(texts: Iterable[str]) -> Optional[str]:
    """Return the language that most of the texts are in, or the name of its script.

    Languages with Latin letters are distinguished by their frequent words; texts with
    none of them count as English only where no other language has more.

    Returns:
        A key of ``SIDE_PAIRS`` or ``FUNCTION_WORDS``, another language or script in
        lower case, or None where most texts have no letters.
    """
    scripts: Counter[Optional[str]] = Counter()
    votes: Counter[str] = Counter()
    for text in texts:
        script = script_of(text)
        scripts[script] += 1
        if script == 'LATIN':
            words = re.findall(r'\w+', text.lower())
            for language, known in FUNCTION_WORDS.items():
                votes[language] += sum(word in known for word in words)
    script = scripts.most_common(1)[0][0] if scripts else None
    if script is None:
        return None
    if script != 'LATIN':
        return SCRIPT_LANGUAGE.get(script, script.lower())
    best, count = votes.most_common(1)[0]
    # of two languages with the same count English, the language of the official sets
    return best if count > votes['english'] else 'english'
