"""English words for the classes of a file: singular, plural, and what to count."""
import re
from typing import NamedTuple, Optional

IRREGULAR = dict(
    person='people', man='men', woman='women', child='children', mouse='mice',
    foot='feet', tooth='teeth', goose='geese', ox='oxen', die='dice', louse='lice',
    knife='knives', leaf='leaves', loaf='loaves', shelf='shelves', wolf='wolves',
    calf='calves', scarf='scarves', thief='thieves', wife='wives', elf='elves',
    hoof='hooves', half='halves', potato='potatoes', tomato='tomatoes', hero='heroes',
    mango='mangoes', echo='echoes', volcano='volcanoes', tornado='tornadoes',
    mosquito='mosquitoes', buffalo='buffaloes', torpedo='torpedoes', quiz='quizzes',
    stomach='stomachs', cactus='cacti', passerby='passersby')
UNCHANGED = {'sheep', 'fish', 'deer', 'moose', 'bison', 'swine', 'elk', 'aircraft',
             'spacecraft', 'hovercraft', 'watercraft', 'series', 'species', 'salmon',
             'trout', 'tuna', 'squid', 'shrimp', 'offspring'}
#: Endings of words made of two, whose last part has an irregular plural.
COMPOUNDS = ('man', 'woman', 'child', 'shelf', 'knife', 'mouse', 'fish', 'craft',
             'tooth', 'foot', 'wife', 'leaf')
NO_COMPOUNDS = {'human', 'german', 'roman', 'ottoman', 'talisman', 'shaman', 'caiman'}
#: One of these is said to be a pair.
PAIRS = {'scissors', 'skis', 'glasses', 'sunglasses', 'eyeglasses', 'goggles', 'pants',
         'trousers', 'jeans', 'shorts', 'tights', 'leggings', 'binoculars', 'pliers',
         'tongs', 'tweezers', 'shears', 'headphones', 'earphones', 'pajamas', 'gloves',
         'shoes', 'socks', 'boots', 'sneakers', 'sandals', 'slippers', 'mittens',
         'headsets', 'chopsticks', 'crutches', 'earrings', 'handcuffs'}
#: Singular although they end with an s.
SINGULAR = re.compile(r'.*(ss|us|is|as)|lens|news|series|species')
#: What annotators mark by the piece, the pair or the whole, as it comes: how many there
#: are, and which is the left one, the annotation does not decide.
UNCOUNTED = {'skis', 'broccoli', 'rice', 'bread', 'cake', 'pizza', 'sandwich', 'food',
             'water', 'grass', 'sand', 'snow', 'hair', 'paper', 'cloth', 'clothing',
             'furniture', 'luggage', 'money', 'meat', 'cheese', 'lettuce', 'corn',
             'soup', 'salad'}
#: Of these one annotation may mark a bunch, a row or a heap.
HEAPED = {'book', 'banana', 'carrot', 'apple', 'orange', 'grape', 'lemon', 'peach',
          'strawberry', 'berry', 'cherry', 'fruit', 'vegetable', 'nut', 'bean', 'pea',
          'potato', 'tomato', 'onion', 'egg', 'coin', 'stone', 'rock', 'brick', 'log',
          'leaf', 'flower'}
#: Classes that annotators take for each other. Where one is marked, it is not said
#: that another is absent.
ALIKE = (
    {'car', 'truck', 'bus', 'van', 'vehicle', 'train'}, {'bicycle', 'motorcycle'},
    {'cup', 'wine glass', 'glass', 'mug', 'bottle', 'vase', 'bowl'},
    {'chair', 'couch', 'sofa', 'armchair', 'bench', 'stool', 'bed'},
    {'dining table', 'table', 'desk', 'bench'}, {'potted plant', 'vase', 'plant'},
    {'backpack', 'handbag', 'suitcase', 'bag', 'purse'}, {'sheep', 'goat', 'cow'},
    {'cow', 'horse', 'donkey'}, {'dog', 'wolf', 'bear'}, {'bear', 'teddy bear'},
    {'laptop', 'tv', 'monitor', 'computer', 'keyboard'}, {'remote', 'cell phone'},
    {'oven', 'microwave', 'toaster', 'stove'}, {'sink', 'toilet', 'bathtub'},
    {'cake', 'donut', 'sandwich', 'bread', 'hot dog', 'pizza'},
    {'apple', 'orange', 'peach'}, {'knife', 'fork', 'spoon'}, {'carrot', 'broccoli'},
    {'skis', 'snowboard', 'skateboard', 'surfboard'}, {'frisbee', 'sports ball'},
    {'airplane', 'kite', 'bird'}, {'person', 'man', 'woman', 'child', 'boy', 'girl'},
    {'traffic light', 'street light', 'stop sign', 'sign'}, {'book', 'paper'})


class Noun(NamedTuple):
    """How objects of a class are called.

    Attributes:
        name: "the ..." of the only one, such as ``cat`` or ``scissors``.
        one: of one among several, such as ``cat`` or ``pair of scissors``.
        many: of several, such as ``cats`` or ``pairs of scissors``.
        is_counted: whether several annotations are as many of them.
        is_single: whether one annotation is one of them.
    """

    name: str
    one: str
    many: str
    is_counted: bool = True
    is_single: bool = True


def noun_of(name: str) -> Optional[Noun]:
    """Return the noun of a category's name; None when it is not one.

    Underscores, brackets and capitals go (``Traffic_Light``, ``bow_(weapon)``); two or
    three capitals stay (``TV``). A name in the plural (``cars``) does not say what one
    object is, so it is not counted.
    """
    text = re.sub(r'\([^()]*\)', ' ', str(name))
    text = re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', text)  # trafficLight
    words = re.sub(r'[_\s]+', ' ', text).strip().split(' ')
    words = [word if re.fullmatch('[A-Z]{2,3}', word) and len(words) == 1
             else word.lower() for word in words]
    text = ' '.join(words)
    if not re.fullmatch(r"[A-Za-zÀ-ÿ](?:[\wÀ-ÿ '.&/-]*[\wÀ-ÿ.])?", text):
        return None
    head = _head(text)
    if head in PAIRS:
        return Noun(text, f'pair of {text}', f'pairs of {text}', text not in UNCOUNTED)
    is_plural = head.endswith('s') and len(head) > 2 and not SINGULAR.fullmatch(head)
    return Noun(text, text, text if is_plural else plural(text),
                not is_plural and text not in UNCOUNTED | HEAPED,
                text not in HEAPED)


def plural(text: str) -> str:
    """Return the plural of a noun; of ``box of cards`` that is ``boxes of cards``."""
    head = _head(text)
    before, after = text[:len(text) - len(_tail(text)) - len(head)], _tail(text)
    return f'{before}{_plural_word(head)}{after}'


def _tail(text: str) -> str:
    """Return what follows the head: " of ..." and its like."""
    found = re.search(r' (of|with|in|on|for|from|at) ', text)
    return text[found.start():] if found else ''


def _head(text: str) -> str:
    """Return the word that has the number."""
    tail = _tail(text)
    return (text[:-len(tail)] if tail else text).rpartition(' ')[2]


def _plural_word(word: str) -> str:
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word in UNCHANGED:
        return word
    for part in COMPOUNDS:
        if word.endswith(part) and word not in NO_COMPOUNDS:
            return word.removesuffix(part) + _plural_of_part(part)
    if re.search(r'[^aeiou]y$', word):
        return f'{word[:-1]}ies'
    if re.search(r'(s|x|z|ch|sh)$', word):
        return f'{word}es'
    return f'{word}s'


def _plural_of_part(part: str) -> str:
    return part if part in ('fish', 'craft') else IRREGULAR[part]


def alike(name: str) -> set[str]:
    """Return the names of classes that annotators take for this one, and its own."""
    return {name}.union(*(group for group in ALIKE if name in group))
