"""The page in a real browser: by keyboard, on a phone, in the dark, with hostile names (RST-180)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from chromium import CHROMIUM, Chromium
from google.protobuf import json_format
from grpc_client import Client, infer_request
from page_models import HOSTILE, save_models, serving
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from mlmodel.models import Model, ModelSignature
from mlmodel.pyfunc import PyFuncModel, load_model
from mlmodel.serving import wsgi
from mlmodel.types import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium (apt-get install chromium)"),
]

SCORED = "document.querySelector('.ok') !== null"
#: Gives every text whose contrast with what is behind it is too low (WCAG 2.2, 1.4.3).
CONTRAST = """(() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = node => { for (; node; node = node.parentElement) { const c = rgb(getComputedStyle(node).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const found = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(one => one.nodeType === 3 && one.data.trim()) || (node.value && node.type !== 'checkbox');
    if (!own || !node.checkVisibility() || node.disabled || node.closest('svg, .skip, script, style')) continue;
    const a = light(rgb(getComputedStyle(node).color)), b = light(behind(node));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${node.tagName} ${node.textContent.slice(0, 40)}`);
  }
  return found;
})()"""
UNNAMED = """[...document.querySelectorAll('input, select, textarea, button, [role=tabpanel], svg')]
  .filter(node => !(node.labels && node.labels.length) && !node.getAttribute('aria-label')
    && !node.textContent.trim()).map(node => node.outerHTML.slice(0, 100))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    save_models(made)
    return made


@pytest.fixture(scope="module")
def flat(folder: Path) -> Iterator[str]:
    with serving("-m", str(folder / "flat")) as (url, _):
        yield url + "/"


@pytest.fixture(scope="module")
def several(folder: Path) -> Iterator[tuple[str, int | None]]:
    options = ("-m", str(folder / "flat"), "-m", str(folder / "sum"), "--grpc-port", "0")
    with serving(*options) as (url, port):
        yield url + "/", port


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def browser(started: Chromium) -> Chromium:
    started.look(1280, 860)
    started.said.clear()
    started.asked.clear()
    return started


def focus(browser: Chromium) -> str:
    return str(browser.run("document.activeElement.id"))


def tab_to(browser: Chromium, where: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(60):
        if browser.run(f"document.activeElement.matches({json.dumps(where)})"):
            return
        browser.key("Tab")
    pytest.fail(f"{where} cannot be reached by Tab")


def table(browser: Chromium) -> list[list[str]]:
    script = "[...document.querySelectorAll('#answer tr')].map(r => [...r.children].map(c => c.innerText))"
    return list(browser.run(script))


def test_by_keyboard_alone(browser: Chromium, flat: str) -> None:
    """RST-178, RST-180: filled in, scored, an error mended, another row, the lines of code."""
    browser.go(flat)
    tab_to(browser, "#f1")
    browser.type(str(2**63 - 1))
    browser.key("Tab")
    assert focus(browser) == "f2"
    browser.type("81,5")
    browser.key("Enter")
    browser.wait("document.querySelector('[aria-invalid]') !== null")
    assert focus(browser) == "f2"
    said = (
        "document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText"
    )
    assert browser.run(said) == "Expected double, got '81,5' (ENF-049)"
    assert browser.run("document.querySelectorAll('[aria-invalid]').length") == 1
    assert "1 field is not right" in browser.run("document.getElementById('wrongs').innerText")
    browser.type("100")
    browser.key("Enter")
    browser.wait(SCORED)
    assert browser.run("document.querySelectorAll('[aria-invalid]').length") == 0
    rows = table(browser)
    assert rows[0] == ["Row", "low", "high", "rooms", "label"]
    assert rows[1][1:4] == ["1000.0", "1500.0", str(2**63 - 1)]
    assert rows[2][3] == str(2**53 + 1)
    assert "Answered" in browser.run("document.querySelector('[role=status]').innerText")
    tab_to(browser, "button.main")
    browser.key(" ")
    tab_to(browser, ".head [role=tab][data-name=curl]")
    browser.key("ArrowRight")
    browser.wait("document.getElementById('lines').innerText.includes('client.predict(')")
    assert browser.run("document.activeElement.dataset.name") == "Python"


def test_an_error_of_another_row_and_of_a_parameter(browser: Chromium, flat: str) -> None:
    browser.go(flat)
    browser.run("document.querySelectorAll('.rows .tabs button')[1].click()")
    browser.run("document.getElementById('f1').focus()")
    browser.type("1.0")
    browser.run("document.querySelectorAll('.rows .tabs button')[0].click()")
    assert browser.run("document.getElementById('f1').value") == "3"
    browser.run("document.getElementById('p0').focus()")
    browser.type("many")
    browser.key("Enter")
    browser.wait("document.querySelectorAll('[aria-invalid]').length === 1")
    assert browser.run("document.getElementById('p0e').innerText") == (
        "Expected long, got 'many' (ENF-082)"
    )
    wrong = browser.run("document.querySelector('.rows .wrong').innerText")
    assert wrong == "Row 1"
    browser.type("")
    browser.key("Enter")
    browser.wait("document.getElementById('f1e') && !document.getElementById('f1e').hidden")
    assert focus(browser) == "f1"
    assert browser.run("document.querySelector('.rows [aria-current]').innerText") == "Row 1"
    assert "ENF-042" in browser.run("document.getElementById('f1e').innerText")


def test_what_is_not_json_in_a_field(browser: Chromium, flat: str) -> None:
    browser.go(flat)
    browser.run("document.getElementById('f6').focus()")
    browser.type("[1, 2")
    browser.key("Enter", control=True)
    browser.wait("!document.getElementById('f6e').hidden")
    assert "not JSON: see line 1" in browser.run("document.getElementById('f6e').innerText")
    assert focus(browser) == "f6"
    assert not any(url.endswith("invocations") for url in browser.asked)


def test_the_body_as_json(browser: Chromium, flat: str) -> None:
    """What is written there goes as it is, and comes back into the form where that shows it."""
    browser.go(flat)
    tab = "document.querySelector('[role=tab][data-name={}]')"
    browser.run(tab.format("JSON") + ".click()")
    text = browser.run("document.getElementById('json').value")
    assert json.loads(text)["dataframe_split"]["data"][1][1] == 2**53 + 1
    browser.run("document.getElementById('json').focus()")
    records = [{"city": "Chur", "rooms": 1, "area": 2.5, "balcony": True, "prices": []}]
    browser.type(json.dumps({"dataframe_records": records, "params": {"top": 9}}))
    browser.key("Enter", control=True)
    browser.wait(SCORED)
    browser.run(tab.format("Form") + ".click()")
    values = "['f0', 'f1', 'f2', 'f3', 'f4', 'p0'].map(id => document.getElementById(id).value)"
    assert browser.run(values) == ["Chur", "1", "2.5", "true", "", "9"]
    browser.run(tab.format("JSON") + ".click()")
    browser.run("document.getElementById('json').focus()")
    for wrong, said in (
        ('{"dataframe_records": [{"other": 1}]}', "the column other is not declared"),
        ("{", "This is not JSON: see line 1, column 2."),
    ):
        browser.type(wrong)
        browser.run(tab.format("Form") + ".click()")
        assert said in browser.run("document.getElementById('wrongs').innerText")
        assert browser.run("document.getElementById('json').value") == wrong
    browser.key("Enter", control=True)
    browser.wait("document.getElementById('wrongs').innerText.includes('RST-004')")


def test_names_and_answers_are_text(browser: Chromium, flat: str) -> None:
    """RST-180: what would be markup is shown, and nothing of it runs."""
    for path in ("", "docs"):
        browser.go(flat + path)
        browser.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert HOSTILE in browser.run("document.body.textContent")
        button = "document.querySelector('button.main').click()"
        browser.run(button)
        browser.wait("document.body.textContent.includes('<script>window.pwned=1</script>')")
        assert browser.run("document.querySelectorAll('img, main script, iframe').length") == 0
        assert browser.run("window.pwned === undefined")
        # It is not the escaping alone: markup in the page is refused, and so are scripts.
        tried = "try { document.body.innerHTML += '<b>x</b>'; 'done' } catch { 'refused' }"
        assert browser.run(tried) == "refused"
        assert browser.run("try { eval('1'); 'done' } catch { 'refused' }") == "refused"
    assert all(url.startswith((flat, "data:")) for url in browser.asked), browser.asked
    assert all("Trusted" in one or "CSP" in one or "Policy" in one for one in browser.said)


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark(browser: Chromium, flat: str, dark: bool) -> None:
    """RST-180: by what the user likes; every text can be read in both."""
    browser.look(1280, 860, dark=dark)
    for path in ("", "docs"):
        browser.go(flat + path)
        if not path:
            browser.run("document.getElementById('f2').focus()")
            browser.type("x")
            browser.key("Enter")
            browser.wait("document.querySelector('[aria-invalid]') !== null")
        browser.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        background = browser.run("getComputedStyle(document.body).backgroundColor")
        assert (int(background.split("(")[1].split(",")[0]) < 64) is dark
        assert browser.run(CONTRAST) == []
        assert browser.run(UNNAMED) == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_on_a_phone(
    browser: Chromium, flat: str, several: tuple[str, int | None], width: int
) -> None:
    """RST-180: nothing is wider than the window, before and after an answer."""
    browser.look(width, 740, phone=True)
    for url in (flat, several[0], several[0] + "models/sum", flat + "docs"):
        browser.go(url)
        browser.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert browser.run("document.documentElement.scrollWidth") <= width, url
        if not url.endswith("docs") and url != several[0]:
            browser.run("document.querySelector('button.main').click()")
            browser.wait(SCORED)
            assert browser.run("document.documentElement.scrollWidth") <= width, url
            top = "document.querySelector('.ok').getBoundingClientRect().top"
            assert 0 <= browser.run(top) < 740, "the answer is not in sight"


#: Gives where the last field and the bar with the button are.
PLACES = """(() => {
  const last = [...document.querySelectorAll('.fields input')].pop().getBoundingClientRect();
  const bar = document.querySelector('.go').getBoundingClientRect();
  return [last.top, last.bottom, bar.top, bar.bottom];
})()"""
#: Scroll so that the bar, which sticks to the lower end, covers the last field; focus that before.
BEHIND = """(() => {
  const [before, last] = [...document.querySelectorAll('.fields input')].slice(-2);
  before.focus({preventScroll: true});
  scrollBy(0, last.getBoundingClientRect().bottom - innerHeight + 5);
})()"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 390])
def test_the_bar_covers_no_field(browser: Chromium, folder: Path, width: int, dark: bool) -> None:
    """RST-180: neither one that is scrolled to nor one that is reached by Tab."""
    browser.look(width, 740, dark=dark, phone=True)
    with serving("-m", str(folder / "wide")) as (url, _):
        browser.go(url + "/")
        browser.run("scrollTo(0, 0)")
        top, bottom, bar, below = browser.run(PLACES)
        assert bottom > 740 >= below > bar > 600, "the bar does not stick to the lower end"
        last = "[...document.querySelectorAll('.fields input')].pop()"
        browser.run(f"{last}.scrollIntoView({{block: 'end'}})")
        top, bottom, bar, _ = browser.run(PLACES)
        assert 0 < top < bottom < bar
        browser.run(BEHIND)
        top, bottom, bar, _ = browser.run(PLACES)
        assert bottom > bar
        browser.key("Tab")
        assert browser.run(f"document.activeElement === {last}")
        top, bottom, bar, _ = browser.run(PLACES)
        assert 0 < top < bottom < bar


def test_several_models(browser: Chromium, several: tuple[str, int | None]) -> None:
    """A list, and a page for each."""
    url, _ = several
    browser.go(url)
    assert browser.run("document.querySelector('h1').innerText") == "2 models"
    tab_to(browser, ".models li:nth-child(2) a")
    browser.key("Enter")
    browser.wait("document.querySelector('h1')?.innerText === 'sum'")
    assert browser.run("location.href") == f"{url}models/sum"
    browser.run("document.getElementById('f2').focus()")
    browser.type("7.5")
    browser.key("Enter")
    browser.wait(SCORED)
    assert table(browser) == [["Row", "prediction"], ["0", "8.5"], ["1", "12.0"]]
    assert browser.run("document.querySelector('svg').getAttribute('role')") == "img"
    assert browser.said == []


BYTES = ModelSignature(Schema([ColSpec("binary", "held")]))


def _lines(browser: Chromium, language: str) -> str:
    browser.run(f"document.querySelector('[role=tab][data-name={language}]').click()")
    return str(browser.run("document.getElementById('lines').textContent"))


@pytest.mark.parametrize("name", ["flat", "sum"])
def test_the_lines_of_code_do_the_same(
    browser: Chromium, several: tuple[str, int | None], name: str
) -> None:
    """The lines for curl, Python and gRPC, run as they are."""
    url, port = several
    browser.go(f"{url}models/{name}")
    browser.run("document.querySelector('button.main').click()")
    browser.wait(SCORED)
    rows = len(table(browser)) - 1
    if shutil.which("curl"):
        said = subprocess.run(
            ["sh", "-c", _lines(browser, "curl")], capture_output=True, check=True
        )
        assert len(json.loads(said.stdout)["predictions"]) == rows
    code = _lines(browser, "Python")
    assert "from mlmodel.client import Client" in code
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shown = table(browser)
    if name == "sum":
        assert said.stdout == "[ 3. 12.]\n"
    else:
        printed = [line.split() for line in said.stdout.splitlines()]
        assert [printed[0], *(row[1:] for row in printed[1:])] == [row[1:] for row in shown]
    line = _lines(browser, "gRPC")
    assert f":{port} inference.GRPCInferenceService/ModelInfer" in line
    given = line.partition("-d '")[2].rpartition("' \\")[0].replace("'\\''", "'")
    client = Client(f"127.0.0.1:{port}")
    with client.channel:
        answer = client.call("ModelInfer", json_format.Parse(given, infer_request()))
    assert answer.model_name == name


def test_the_view_of_the_description(browser: Chromium, flat: str) -> None:
    """RST-181: every path is there, opened and tried by keyboard."""
    browser.go(flat + "docs")
    paths = browser.run("[...document.querySelectorAll('.op summary code')].map(c => c.innerText)")
    for path in ("/invocations", "/models/flat/invocations", "/v2/models/{model_name}/infer"):
        assert path in paths
    tab_to(browser, "textarea")
    browser.key("Enter", control=True)
    browser.wait("document.querySelector('.try [role=status]').innerText.startsWith('200 ')")
    assert '"predictions"' in browser.run("document.querySelector('.try pre').innerText")


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Serve a WSGI application, and give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_that_asks_for_a_token(browser: Chromium, folder: Path) -> None:
    """The page asks for it once, and keeps it in memory alone."""
    inner = wsgi({"flat": load_model(folder / "flat", trust=True)})

    def app(environ: Any, start_response: Any) -> Any:
        is_page = "text/html" in environ.get("HTTP_ACCEPT", "")
        if is_page or environ.get("HTTP_AUTHORIZATION") == "Bearer secret":
            return inner(environ, start_response)
        return Response("{}", 401)(environ, start_response)

    with running(app) as url:
        browser.go(url, "document.getElementById('token') !== null")
        for token in ("wrong", "secret"):
            browser.wait("document.activeElement.id === 'token'")
            browser.type(token)
            browser.key("Enter")
        browser.wait("document.querySelector('h1')?.innerText === 'flat'")
        browser.run("document.querySelector('button.main').click()")
        browser.wait(SCORED)
        lines = browser.run("document.getElementById('lines').textContent")
        assert "Bearer $TOKEN" in lines
        assert "secret" not in lines
        assert browser.run("document.cookie + localStorage.length + sessionStorage.length") == "00"


def test_the_line_of_bytes_for_python(browser: Chromium) -> None:
    """Our client takes bytes, JSON has base64: the line is that of any client, and runs as it is."""
    model = PyFuncModel(Model(signature=BYTES), lambda data, _: [len(one) for one in data["held"]])
    with running(wsgi({"m": model})) as url:
        browser.go(url)
        browser.wait("document.querySelector('button.main') !== null")
        code = _lines(browser, "Python")
        assert "mlmodel.client" not in code
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert len(json.loads(said.stdout)) == 1


def _inner(environ: Any) -> str:
    """Return the path of a request without /a/b."""
    return str(environ["PATH_INFO"]).removeprefix("/a/b") or "/"


def test_below_a_path_of_a_proxy(browser: Chromium, folder: Path) -> None:
    """RST-180: the page asks for what is beside it, wherever that is."""
    mounted = {"/a/b": wsgi({"flat": load_model(folder / "flat", trust=True)})}
    with running(DispatcherMiddleware(Response("elsewhere", 404), mounted)) as url:
        root = f"{url}a/b/"
        # Some proxies hand on the address without the last slash as the server's own.
        app = mounted["/a/b"]
        with running(
            lambda environ, start: app({**environ, "PATH_INFO": _inner(environ)}, start)
        ) as bare:
            browser.go(f"{bare}a/b")
            links = browser.run("[...document.querySelectorAll('a')].map(a => a.href)")
            assert all(link.startswith(f"{bare}a/b") for link in links), links
            browser.run("document.querySelector('button.main').click()")
            browser.wait(SCORED)
        for path in ("", "models/flat", "docs"):
            browser.go(root + path)
            assert browser.run("document.querySelector('.wrongs') === null")
            links: Any = browser.run("[...document.querySelectorAll('a')].map(a => a.href)")
            assert all(link.startswith(root) for link in links), links
        browser.go(root + "models/flat")
        browser.run("document.querySelector('button.main').click()")
        browser.wait(SCORED)
        assert f"{root}invocations" in browser.run("document.getElementById('lines').textContent")
