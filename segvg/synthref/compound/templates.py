"""The closed lists of surface forms of L2 and above, by style.

``{np}`` is a noun phrase without determiner. The words of all templates are in
``vocab.txt``.
"""
ONE = {
    'plain': ('the {np}', 'the {np}', 'the {np} here'),
    'telegraph': ('{np}', '{np}', 'that {np}', '{np} here'),
    'full': ('this is the {np}', 'the {np} in the picture', 'the {np} in this image',
             'the {np} that you can see'),
}
ALL = {
    'plain': ('all {np}', 'all the {np}', 'all of the {np}'),
    'telegraph': ('all {np}', '{np}', 'all {np} here'),
    'full': ('these are the {np}', 'all {np} in the picture', 'these are all the {np}',
             'all the {np} that you can see'),
}
COUNTED = {
    'plain': ('the {number} {np}', 'all {number} {np}'),
    'telegraph': ('{number} {np}', 'the {number} {np}', '{number} {np} here'),
    'full': ('these are the {number} {np}', 'the {number} {np} in the picture',
             'these {number} {np}', 'all {number} {np} in this image'),
}
BOTH = {
    'plain': ('both {np}', 'both of the {np}', 'the two {np}'),
    'telegraph': ('both {np}', 'two {np}', 'both {np} here'),
    'full': ('both of these {np}', 'these are both of the {np}',
             'the two {np} in the picture', 'these are the two {np}'),
}
EVERYTHING = {
    'plain': ('{np}', '{np}', '{np} here'),
    'telegraph': ('{np}', '{np} here'),
    'full': ('this is {np}', '{np} that you can see', '{np} in this image'),
}
CONJUNCTION = {
    'plain': ('the {first} and the {second}', 'the {first} plus the {second}',
              'the {first} as well as the {second}'),
    'telegraph': ('{first} and {second}', '{first} plus {second}'),
    'full': ('these are the {first} and the {second}',
             'the {first} together with the {second}',
             'both the {first} and the {second}'),
}
FILLED = (
    {'plain': ('{} please', 'there is {}', 'please see {}'),
     'telegraph': ('{} please', 'see {} please')},
    {'plain': ('{} please', 'there are {}', 'please see {}'),
     'telegraph': ('{} please', 'see {} please')},
)
"""Around a whole sentence, for one object and for several."""
PARAPHRASED = (
    {'plain': ('one of these is the {np}', 'that one {np}'),
     'telegraph': ('see {np}', 'one {np}'),
     'full': ('you can see the {np}', 'here is the {np}',
              'in this image you can see the {np}')},
    {'plain': ('all of these {np}', 'see all the {np}'),
     'telegraph': ('see {np}', 'all of {np}'),
     'full': ('you can see all the {np}', 'here are all of the {np}',
              'in the picture you can see all {np}')},
)
"""More of ``ONE`` and ``ALL``, for L5."""
LINKS = (('', 'that is ', 'which is '), ('', 'that are ', 'which are '))
RELATION_WORDS = {
    'left of': ('left of', 'to the left of', 'on the left of'),
    'right of': ('right of', 'to the right of', 'on the right of'),
    'above': ('above',), 'below': ('below',),
    'next to': ('next to', 'beside'), 'in front of': ('in front of',),
    'behind': ('behind',), 'inside': ('inside',),
    'overlapping': ('overlapping', 'overlapping with'),
    'nearest to': ('nearest to', 'closest to'),
    'bigger': ('bigger than', 'larger than'), 'smaller': ('smaller than',),
}
RELATION_PARAPHRASES = {
    'left of': ('at the left side of', 'on the left side of'),
    'right of': ('at the right side of', 'on the right side of'),
    'above': ('up above',), 'below': ('down below',),
    'next to': ('at the side of',),
}
SHARED = {
    True: ('with the {} of', 'with the same {} as', 'of the same {} as',
           'in the same {} as'),
    False: ('with a different {} than', 'of a different {} than',
            'in a different {} from'),
}
NUMBERS = {2: 'two', 3: 'three', 4: 'four'}
RANKS = {1: 'first', 2: 'second', 3: 'third', 4: 'fourth'}
PLURAL_NOUNS = {'cross': 'crosses'}
CAPTION = {
    'plain': ('{}', '{}', 'see {}', 'here are {}'),
    'telegraph': ('{}', '{}', '{} here'),
    'full': ('you can see {}', 'in this image you can see {}', 'these are {}',
             'you can see {} in the picture', 'here are {} in this image'),
}
"""Around the phrases of a caption."""
PAIRS = {
    'plain': (' and ', ' and ', ' plus ', ' as well as '),
    'telegraph': (' and ', ', '), 'full': (' and ', ' as well as ', ' together with '),
}
COMMAS = {
    'plain': (' and ', ', and '), 'telegraph': (', ', ' and '),
    'full': (' and ', ', and '),
}
"""What joins the last two phrases, of two and of more; a comma joins the others."""
