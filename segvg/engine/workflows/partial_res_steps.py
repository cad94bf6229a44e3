"""The steps of Partial-RES by name; imports nothing, for the help of the tool."""
#: Step -> what it does.
STEPS = {
    '1_rec': 'train the box model that everything starts from',
    '2_subset': 'choose the objects whose masks are known',
    '3_res': 'train contours on them',
    '4_pseudo': 'predict masks for the rest, keep those that fill their box',
    '5_retrain': 'train contours again, from the box model, on both',
    '6_scores': 'score 3 and 5',
    '7_all': 'for comparison: train contours on all masks, score them'}
