"""The page in a real browser, wide and narrow."""
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from segvg.demo.browse import View
from segvg.demo.desk import Desk
from segvg.demo.server import serve
from segvg.visualization.colors import NUMBER_COLORS
from tests.demo.made import make_model, make_photograph

CHROMIUM, DRIVER = (shutil.which(name) for name in ('chromium', 'chromedriver'))
FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
         '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync')
SECONDS = 30  # to wait for anything

pytestmark = [
    pytest.mark.browser, pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER),
                       reason='chromium or chromedriver is not installed')]


class Pictures:
    """Pictures without an image."""
    title = 'made'
    groups = {'first group': 3, 'second group': 1}

    def show(self, group, index):
        return View(np.zeros((30, 40, 3), np.uint8), f'{group}, picture {index + 1}')


@pytest.fixture(scope='module')
def address(tmp_path_factory):
    for name in ('gradio', 'selenium'):
        pytest.importorskip(name, reason='the extra segvg[browser] is not installed')
    models = [make_model('TokenizeCaption'),
              make_model('TokenizeCaption', name='other <b>model</b>')]
    example = make_photograph(tmp_path_factory.mktemp('examples'))
    with serve(lambda folder: Desk(models, folder, Pictures()),
               examples=[(str(example), 'left box')]) as found:
        yield found


@pytest.fixture(params=[1400, 390])
def browser(request, address, tmp_path):
    """A browser of a width that has opened the page."""
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability('goog:loggingPrefs', dict(browser='ALL'))
    for flag in (*FLAGS, f'--user-data-dir={tmp_path / "profile"}'):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', dict(
            width=request.param, height=1000, deviceScaleFactor=1,
            mobile=request.param < 600))
        driver.get(address)
        driver.implicitly_wait(SECONDS)
        yield driver
        assert driver.execute_script(
            'return document.documentElement.scrollWidth') == request.param
        errors = [entry for entry in driver.get_log('browser')
                  if entry['level'] == 'SEVERE']
        assert not errors
    finally:
        driver.quit()


def wait_for_words(browser, name, words) -> str:
    """Wait until a part of the page has some words; return all of them."""
    from selenium.webdriver.support.ui import WebDriverWait

    def shown(driver):
        text = driver.find_element('css selector', name).text
        return text if words in text else None
    return WebDriverWait(browser, SECONDS).until(shown)


def open_tab(browser, name) -> None:
    for button in browser.find_elements('css selector', 'button[role=tab]'):
        if button.text == name:
            button.click()


def download(browser, name, path: Path) -> bytes:
    """Press a button for a download; return what arrives at a path."""
    from selenium.webdriver.support.ui import WebDriverWait
    browser.execute_cdp_cmd('Browser.setDownloadBehavior', dict(
        behavior='allow', downloadPath=str(path.parent)))
    browser.find_element('id', name).click()
    WebDriverWait(browser, SECONDS).until(lambda _: path.exists())
    return path.read_bytes()


def ask(browser, tab, photograph, typed) -> None:
    """Send a photograph and sentences on a tab, and press its button."""
    browser.find_element('css selector', f'#{tab}-photograph input').send_keys(
        str(photograph))
    browser.find_element('css selector', f'#{tab}-photograph img')
    browser.find_element('css selector', f'#{tab}-sentences textarea').send_keys(typed)
    browser.find_element('id', f'{tab}-button').click()


def test_page_answers_compares_and_browses(browser, tmp_path):
    photograph = make_photograph(tmp_path)
    browser.find_element('id', 'ask-button').click()
    wait_for_words(browser, '#ask-words', 'Type a sentence')

    ask(browser, 'ask', photograph, '[a man] by [two <i>dogs</i>]\na zebra')
    words = wait_for_words(browser, '#ask-words', 'not in this image')
    assert 'two <i>dogs</i>' in words and 'score 0.75' in words
    marks = browser.find_elements('css selector', '#ask-words mark')
    colors = [mark.value_of_css_property('background-color') for mark in marks]
    assert [color.replace('rgba', 'rgb').replace(', 1)', ')') for color in colors] == [
        'rgb({}, {}, {})'.format(*color) for color in NUMBER_COLORS[:2]]
    assert browser.find_element('css selector', '#ask-picture img').is_displayed()
    content = json.loads(download(browser, 'ask-save-json', tmp_path / 'answers.json'))
    assert len(content['answers']) == 3
    assert download(browser, 'ask-save-picture',
                    tmp_path / 'answers.jpg').startswith(b'\xff\xd8')

    open_tab(browser, 'Compare two models')
    ask(browser, 'compare', photograph, 'left box\na zebra')
    words = wait_for_words(browser, '#compare-words', 'IoU')
    assert 'other <b>model</b>' in words and '1.00' in words
    for number in (1, 2):
        assert browser.find_element(
            'css selector', f'#compare-picture-{number} img').is_displayed()

    open_tab(browser, 'Browse')
    wait_for_words(browser, '#browse-words', 'first group, picture 1')
    browser.find_element('id', 'browse-back').click()
    wait_for_words(browser, '#browse-words', 'first group, picture 3')


def test_example_fills_photograph_and_sentences(browser):
    from selenium.webdriver.support.ui import WebDriverWait
    browser.find_element('css selector', '#ask-examples button img').click()
    browser.find_element('css selector', '#ask-photograph img')
    field = browser.find_element('css selector', '#ask-sentences textarea')
    WebDriverWait(browser, SECONDS).until(
        lambda _: field.get_attribute('value') == 'left box')
