"""The page itself, made of Gradio's components."""
from typing import Any, Optional, Sequence

import gradio as gr

from segvg.demo.desk import KEPT, Desk, Shown
from segvg.demo.html import STYLE, heading_html
from segvg.demo.limits import MAX_CHARACTERS, MAX_SENTENCES

TITLE = 'segvg: find what a sentence describes'
#: Gradio looks for old files every ten minutes, and removes them at this age (seconds).
CLEANING = (600, int(KEPT))
HINT = f'At most {MAX_SENTENCES}, of {MAX_CHARACTERS} characters each.'
PHRASES_HINT = ' Brackets mark phrases of a caption: [a man] next to [two dogs].'
CSS = STYLE + '''
.gradio-container { width: 100% !important; max-width: 1280px !important;
  margin: 0 auto !important; }
.segvg-result img { max-height: 75vh; width: 100%; object-fit: contain; }
'''


def build_page(desk: Desk, examples: Sequence[tuple[str, str]] = ()) -> gr.Blocks:
    """Return the page.

    Args:
        desk: what answers.
        examples: path of a photograph and sentences, one a line; offered for picking.
    """
    with gr.Blocks(title=TITLE, analytics_enabled=False,
                   delete_cache=CLEANING) as page:
        gr.Markdown(f'## {TITLE}')
        with gr.Tabs():
            with gr.Tab('Ask', id='ask'):
                _ask_tab(desk, examples)
            if len(desk.models) > 1:
                with gr.Tab('Compare two models', id='compare'):
                    _compare_tab(desk, examples)
            if desk.browser is not None:
                with gr.Tab('Browse', id='browse'):
                    _browse_tab(desk, page)
    page.queue(max_size=32, api_open=False)
    return page


def sent_path(payload: Any) -> Optional[str]:
    """Return the path of what was sent.

    It takes the place of Gradio's own step, which opens the file with all formats of
    Pillow; segvg reads it by its own rules.
    """
    return None if payload is None else payload.path


def _question(desk: Desk, examples: Sequence[tuple[str, str]], button: str,
              name: str) -> tuple[gr.Image, gr.Textbox, gr.Button]:
    """Add a photograph, examples, a field for sentences and a button."""
    photograph = gr.Image(label='Photograph', type='filepath', height=340,
                          sources=['upload', 'clipboard'], buttons=[],
                          elem_id=f'{name}-photograph')
    photograph.preprocess = sent_path
    pick = gr.Column()
    reads_phrases = any(model.ground.reads_phrases for model in desk.models)
    sentences = gr.Textbox(
        label='Sentences, one a line', lines=3, max_lines=8,
        info=HINT + PHRASES_HINT if reads_phrases else HINT,
        placeholder='the red car\nthe man on the left',
        max_length=MAX_SENTENCES * (MAX_CHARACTERS + 1), elem_id=f'{name}-sentences')
    asked = gr.Button(button, variant='primary', elem_id=f'{name}-button')
    if examples:
        with pick:
            gr.Examples([list(example) for example in examples],
                        [photograph, sentences], label='or pick one',
                        visible_columns=[0], cache_examples=False,
                        elem_id=f'{name}-examples', api_visibility='private')
    return photograph, sentences, asked


def _ask_tab(desk: Desk, examples: Sequence[tuple[str, str]]) -> None:
    """Add the tab that asks one model."""
    gr.HTML(heading_html(desk.models[0].name), padding=False)
    with gr.Row():
        with gr.Column(min_width=300):
            photograph, sentences, asked = _question(desk, examples, 'Find', 'ask')
        with gr.Column(min_width=300):
            picture = _result('ask-picture')
            words = gr.HTML(padding=False, elem_id='ask-words')
            with gr.Row():
                save_picture = _download('picture', 'ask-save-picture')
                save_json = _download('JSON', 'ask-save-json')

    def show(photograph: Optional[str], sentences: Optional[str]) -> list[Any]:
        shown = desk.ask(photograph, sentences)
        return [*_pictures(shown), shown.html, *_downloads(shown)]

    _listen(asked.click, show, [photograph, sentences],
            [picture, words, save_picture, save_json])


def _compare_tab(desk: Desk, examples: Sequence[tuple[str, str]]) -> None:
    """Add the tab that asks two models."""
    with gr.Row():
        with gr.Column(min_width=300):
            photograph, sentences, asked = _question(desk, examples, 'Compare',
                                                     'compare')
        with gr.Column(min_width=300):
            pictures = []
            for number, model in enumerate(desk.models, 1):
                gr.HTML(heading_html(model.name), padding=False)
                pictures.append(_result(f'compare-picture-{number}'))
            words = gr.HTML(padding=False, elem_id='compare-words')
            save_json = _download('JSON', 'compare-save-json')

    def show(photograph: Optional[str], sentences: Optional[str]) -> list[Any]:
        shown = desk.compare(photograph, sentences)
        return [*_pictures(shown), shown.html, _downloads(shown)[1]]

    _listen(asked.click, show, [photograph, sentences], [*pictures, words, save_json])


def _browse_tab(desk: Desk, page: gr.Blocks) -> None:
    """Add the tab that pages through data or a result card."""
    groups = desk.browser.groups
    first = next(iter(groups))
    gr.HTML(heading_html(desk.browser.title), padding=False)
    with gr.Row():
        group = gr.Dropdown([(f'{name} ({count})', name)
                             for name, count in groups.items()], value=first,
                            label='Show', elem_id='browse-group', min_width=180)
        number = gr.Number(1, label='Number', precision=0, minimum=1, min_width=100,
                           elem_id='browse-number')
    with gr.Row():
        back = gr.Button('Previous', size='md', min_width=100, elem_id='browse-back')
        forward = gr.Button('Next', size='md', min_width=100, elem_id='browse-forward')
    picture = _result('browse-picture')
    words = gr.HTML(padding=False, elem_id='browse-words')

    def show(group: Optional[str], number: Optional[float]) -> list[Any]:
        shown = desk.browse(group, number)
        return [*_pictures(shown), shown.html]

    def turn(step: int) -> Any:
        def turned(group: Optional[str], number: Optional[float]) -> list[Any]:
            count = groups.get(group, 1)
            moved = (int(number or 1) - 1 + step) % count + 1
            return [moved, *show(group, moved)]
        return turned

    def start(group: Optional[str]) -> list[Any]:
        return [1, *show(group, 1)]

    _listen(back.click, turn(-1), [group, number], [number, picture, words])
    _listen(forward.click, turn(1), [group, number], [number, picture, words])
    _listen(number.submit, show, [group, number], [picture, words])
    _listen(group.input, start, [group], [number, picture, words])
    _listen(page.load, show, [group, number], [picture, words])


def _listen(event: Any, work: Any, inputs: list, outputs: list) -> None:
    """Call a function at an event; one call of all at a time."""
    event(work, inputs, outputs, concurrency_limit=1, concurrency_id='work',
          api_visibility='private')


def _result(name: str) -> gr.Image:
    """Add a picture that is hidden until there is one."""
    return gr.Image(show_label=False, interactive=False, type='filepath',
                    buttons=['fullscreen'], visible=False, elem_id=name,
                    elem_classes='segvg-result')


def _download(label: str, name: str) -> gr.DownloadButton:
    """Add a button that can be used once there is an answer."""
    return gr.DownloadButton(f'Download {label}', interactive=False, size='md',
                             elem_id=name)


def _pictures(shown: Shown) -> list[Any]:
    """Return the values of the pictures."""
    return [gr.Image(value=path, visible=path is not None) for path in shown.pictures]


def _downloads(shown: Shown) -> list[Any]:
    """Return the values of the buttons for the picture and the JSON file."""
    return [gr.DownloadButton(value=path, interactive=path is not None)
            for path in (shown.pictures[0], shown.json)]
