"""What the page says in words, as HTML; every text from outside is escaped."""
from html import escape
from typing import Iterator, Optional, Sequence

from segvg.demo.answers import Item, Reply, number_answers
from segvg.visualization.colors import Color, hex_color

NOT_IN_IMAGE = 'not in this image'
STYLE = '''
.segvg { font-size: 15px; line-height: 1.45; overflow-wrap: anywhere; }
.segvg .reply { padding: .55em 0; border-top: 1px solid var(--border-color-primary); }
.segvg .reply:first-of-type { border-top: none; }
.segvg .text { font-weight: 600; }
.segvg mark { color: #212529; border-radius: 4px; padding: 0 .25em; }
.segvg .chip { display: inline-block; min-width: 1.5em; padding: 0 .3em; color: #212529;
  text-align: center; border-radius: 4px; font-weight: 600; font-size: 13px; }
.segvg .facts { display: flex; flex-wrap: wrap; gap: .1em .9em; align-items: baseline;
  font-variant-numeric: tabular-nums; }
.segvg .none { border: 1px solid currentColor; border-radius: 4px; padding: 0 .4em;
  font-weight: 600; }
.segvg .soft { opacity: .75; font-size: 13px; }
.segvg .warning { border-left: 3px solid #e69f00; padding-left: .5em;
  margin-top: .2em; }
.segvg .error { border-left: 4px solid #d32f2f; padding: .4em .7em;
  font-weight: 600; }
.segvg .wide { overflow-x: auto; }
.segvg table { border-collapse: collapse; width: 100%; overflow-wrap: break-word; }
.segvg table, .segvg tr { border: none !important; }
.segvg td, .segvg th { text-align: left; padding: .3em .5em; vertical-align: top;
  border: none; border-bottom: 1px solid var(--border-color-primary); }
.segvg td:last-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
@media (max-width: 600px) { .segvg table .soft { display: none; } }
'''


def page_part(content: str) -> str:
    """Return HTML in the frame that ``STYLE`` is for."""
    return f'<div class="segvg">{content}</div>'


def heading_html(text: str) -> str:
    """Return the name of what stands below."""
    return page_part(f'<div class="text">{escape(text)}</div>')


def error_html(message: str) -> str:
    """Return a message about what was sent."""
    return page_part(f'<div class="error" role="alert">{escape(message)}</div>')


def chip(text: str, color: Color) -> str:
    """Return a small field of a color with a text."""
    return (f'<span class="chip" style="background:{hex_color(color)}">{escape(text)}'
            '</span>')


def replies_html(replies: Sequence[Reply], note: str = '') -> str:
    """Return all replies in words.

    Args:
        replies: about one image.
        note: a line for the end.
    """
    parts = [_reply_html(reply, items)
             for reply, items in zip(replies, number_answers(replies))]
    if note:
        parts.append(f'<div class="soft">{escape(note)}</div>')
    return page_part(''.join(parts))


def _reply_html(reply: Reply, items: Sequence[Item]) -> str:
    """Return a sentence, its phrases in their colors, and what was found."""
    lines = [f'<div class="text">{marked_text(reply, items)}</div>']
    for item in items:
        name = item.answer['text'] if reply.spans else None
        lines.append(f'<div class="facts">{"".join(_facts(item, name))}</div>')
    lines += [f'<div class="warning soft">{escape(warning)}</div>'
              for warning in reply.warnings]
    return f'<div class="reply">{"".join(lines)}</div>'


def marked_text(reply: Reply, items: Sequence[Item]) -> str:
    """Return the sentence as HTML, each phrase on its color."""
    parts, at = [], 0
    order = sorted(range(len(reply.spans)), key=lambda index: reply.spans[index])
    for index in order:
        begin, end = reply.spans[index]
        if begin < at:  # inside the one before: its own line below says what was found
            continue
        color = hex_color(items[index].color)
        parts += [escape(reply.text[at:begin]), f'<mark style="background:{color}">',
                  escape(reply.text[begin:end]), '</mark>']
        at = end
    return ''.join([*parts, escape(reply.text[at:])])


def _facts(item: Item, name: Optional[str]) -> Iterator[str]:
    """Yield number, phrase, and score and box of each target."""
    yield chip(str(item.number), item.color)
    if name is not None:
        yield f'<span>{escape(name)}</span>'
    none = item.answer.get('no_target_score')
    if not item.answer.found:
        yield f'<span class="none">{NOT_IN_IMAGE}</span>'
        if none is not None:
            yield f'<span class="soft">score of this answer {none:.2f}</span>'
    for target in item.answer.found:
        score = target.get('score')
        if score is not None:
            yield f'<span>score {score:.2f}</span>'
        yield f'<span class="soft">{_place(target)}</span>'


def _place(target: dict) -> str:
    """Return where a target is, in words."""
    if not target['bbox']:
        return 'mask'
    told = 'box ' + ', '.join(f'{value:.0f}' for value in target['bbox'])
    return f'{told}, with mask' if target.get('mask') else told


def comparison_html(names: Sequence[str], replies: Sequence[Sequence[Reply]],
                    overlaps: Sequence[Optional[float]]) -> str:
    """Return a table of what two models answered.

    Args:
        names: of the models.
        replies: of each model, to the same questions.
        overlaps: IoU of the best boxes, one for each answer of the first model.
    """
    heads = ''.join(f'<th>{escape(name)}</th>' for name in ('', *names, 'IoU'))
    rows, at = [], 0
    numbered = [number_answers(part) for part in replies]
    for first, second in zip(*numbered):
        for mine, other in zip(first, second):
            cells = ''.join(f'<td><div class="facts">{"".join(_cell(item))}</div></td>'
                            for item in (mine, other))
            overlap = '-' if overlaps[at] is None else f'{overlaps[at]:.2f}'
            rows.append(f'<tr><td>{chip(str(mine.number), mine.color)} '
                        f'{escape(mine.answer["text"])}</td>{cells}'
                        f'<td>{overlap}</td></tr>')
            at += 1
    return page_part('<div class="wide"><table>'
                     f'<tr>{heads}</tr>{"".join(rows)}</table></div>')


def _cell(item: Item) -> Iterator[str]:
    """Yield what stands in a cell of the comparison: all but the number."""
    facts = _facts(item, None)
    next(facts)
    yield from facts


def verdict_html(text: str, facts: Sequence[str], meaning: str,
                 colors: Sequence[tuple[str, Color]]) -> str:
    """Return what is known of an answer of a result card.

    Args:
        text: the sentence.
        facts: such as scores.
        meaning: what kind of answer it was.
        colors: what is drawn in which color.
    """
    chips = ' '.join(chip(name, color) for name, color in colors)
    told = ''.join(f'<span>{escape(fact)}</span>' for fact in facts)
    return page_part(f'<div class="reply"><div class="text">{escape(text)}</div>'
                     f'<div class="facts">{chips}{told}</div>'
                     f'<div class="soft">{escape(meaning)}</div></div>')
