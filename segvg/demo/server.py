"""Starts the page, with a private folder for what visitors send."""
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

from segvg.demo.desk import Desk
from segvg.demo.gate import Gate
from segvg.demo.limits import MAX_UPLOAD
from segvg.utils.errors import InputError

LOOPBACK = '127.0.0.1'
#: Settings of Gradio in the environment that are ignored: they could open the page to
#: others.
FOREIGN = ('GRADIO_SHARE', 'GRADIO_ALLOWED_PATHS', 'GRADIO_EXAMPLES_CACHE',
           'GRADIO_MCP_SERVER', 'GRADIO_SSR_MODE', 'GRADIO_VIBE_MODE')


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder for everything that is sent and shown, and remove it at the end.

    Gradio reads its place from the environment when its parts are made.
    """
    before = {name: os.environ.pop(name, None) for name in FOREIGN}
    before['GRADIO_TEMP_DIR'] = os.environ.get('GRADIO_TEMP_DIR')
    with tempfile.TemporaryDirectory(prefix='segvg-demo-') as folder:
        path = Path(folder).resolve()
        os.environ.update(GRADIO_TEMP_DIR=str(path), GRADIO_ANALYTICS_ENABLED='False',
                          HF_HUB_DISABLE_TELEMETRY='1')
        try:
            yield path
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


@contextlib.contextmanager
def serve(make_desk: Callable[[Path], Desk], *, host: str = LOOPBACK,
          port: Optional[int] = None, root_path: str = '',
          examples: Sequence[tuple[str, str]] = ()) -> Iterator[str]:
    """Serve the page inside the block; yield its address.

    Args:
        make_desk: gets the private folder and returns what answers.
        host: address that is listened at.
        port: None for the first free one from 7860 on.
        root_path: path below which a proxy serves the page.
        examples: path of a photograph and sentences, one a line.

    Raises:
        InputError: Gradio is not installed.
        OSError: the port is taken.
    """
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise InputError(f"the page needs Gradio: pip install 'segvg[demo]' ({error})"
                         ) from error
    from starlette.middleware import Middleware
    with private_folder() as folder:
        from segvg.demo.page import CSS, build_page
        page = build_page(make_desk(folder), examples)
        try:
            _, address, _ = page.launch(
                server_name=host, server_port=port, root_path=root_path, css=CSS,
                share=False, inbrowser=False, prevent_thread_lock=True, quiet=True,
                show_error=False, allowed_paths=[], max_file_size=MAX_UPLOAD,
                ssr_mode=False, mcp_server=False, pwa=False, run_history=False,
                enable_monitoring=False, footer_links=[],
                app_kwargs=dict(docs_url=None, redoc_url=None, openapi_url=None,
                                middleware=[Middleware(Gate, folder, MAX_UPLOAD)]))
        except OSError as error:
            page.close(verbose=False)
            if 'empty port' not in str(error):
                raise
            raise OSError(f'port {port or 7860} of {host} is taken or not allowed: '
                          '--port names another') from error
        try:
            yield address
        finally:
            page.close(verbose=False)
