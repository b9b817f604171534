"""Pages over plain results: they escape, carry ETags, hold no inline style or script, and link to what is there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI, Request
from live_fixture import MemoryHealth
from pages_fixture import PagesSource
from pages_plant import LINES, NOW_US, Condition, at
from starlette.staticfiles import StaticFiles

from oee.errors import DatabaseUnavailable
from oee.report.html import report_html
from oee.report.view import report_view, zone_of
from oee.source import ResultSource
from oee.web.assets import STATIC, stylesheet
from oee.web.render import login_page
from oee.web.routes import pages

REPORT = "/lines/filling-2/shifts/2026-11-18/early"
PAGES = (
    "/",
    "/?sort=oee",
    "/lines/filling-2",
    "/lines/canning-1",
    "/lines/filling-2?date=2026-11-18&shift=early",
    REPORT,
    f"{REPORT}?revision=1",
    "/lines/filling-2/shifts/2026-11-19/early",
    "/health",
    "/reports",
    "/reports?line=packing-1",
)
HEALTH = MemoryHealth(*LINES, "m", ailing=frozenset({"canning-1"}), now_us=NOW_US)
HOSTILE = "<script>alert(1)</script>\"'&"


def client(source_of: Callable[[Request], ResultSource], health: MemoryHealth = HEALTH) -> httpx.AsyncClient:
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=STATIC))
    app.include_router(pages(source_of, health))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://plant")


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    source = PagesSource()
    async with client(lambda _: source) as opened:
        yield opened


class Outline(HTMLParser):
    """Collects what a page refers to, and what a strict security policy would refuse."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self.ids: list[str] = []
        self.uses: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [str(given[k]) for k in ("href", "src") if k in given and tag in ("a", "link", "script")]
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag == "use":
            self.uses.add(str(given["href"]).removeprefix("#"))


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_opens_without_inline_style_or_script(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert answer.status_code == 200
    outline = Outline(answer.text)
    assert outline.inline == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.uses <= set(outline.ids)
    assert "None" not in re.sub(r"<[^>]*>", "", answer.text).replace("None.", "")


@pytest.mark.parametrize("path", PAGES)
async def test_every_link_leads_somewhere(web: httpx.AsyncClient, path: str) -> None:
    for link in set(Outline((await web.get(path)).text).links):
        assert not link.startswith(("http:", "https:", "//")), link
        if not link.startswith(("/api/", "#")):
            answer = await web.get(str(httpx.URL(path).join(link)), follow_redirects=True)
            assert answer.status_code == 200, link


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_that_the_reader_has_is_not_sent_again(web: httpx.AsyncClient, path: str) -> None:
    first = await web.get(path)
    again = await web.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await web.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_page_changes_its_etag_when_its_figures_change() -> None:
    source = PagesSource()
    async with client(lambda _: source) as web:
        first = await web.get("/lines/filling-2")
        source.now += 5_000_000
        later = await web.get("/lines/filling-2", headers={"If-None-Match": first.headers["etag"]})
    assert later.status_code == 200
    assert "6:29" in later.text


@pytest.mark.parametrize("path", PAGES)
async def test_the_zone_stands_once_on_a_page(web: httpx.AsyncClient, path: str) -> None:
    text = re.sub(r"<title>.*?</title>", "", (await web.get(path)).text, flags=re.DOTALL)
    assert text.count("CET") == 1


async def test_overview_shows_who_needs_help_first(web: httpx.AsyncClient) -> None:
    names = re.findall(r'<h2><a href="/lines/[^"]+">([^<]+)</a>', (await web.get("/")).text)
    assert names == ["Filling 2", "Canning 1", "Packing 1", "Filling 3", "Packing 2", "Filling 1"]


async def test_no_data_is_told_and_its_difference_is_not(web: httpx.AsyncClient) -> None:
    tile = (await web.get("/")).text.split("Canning 1</a>")[1].split("</li>")[0]
    assert "Good, until 11:08" in tile
    assert "Δ not known" in tile
    assert 'class="delta' not in tile


async def test_tiles_name_availability_performance_and_quality(web: httpx.AsyncClient) -> None:
    tile = (await web.get("/")).text.split("Filling 2</a>")[1].split("</li>")[0]
    row = re.sub("<[^>]*>", "", tile.split('<p class="apq">')[1].split("</p>")[0])
    assert re.fullmatch("Availability [0-9.]+\xa0%Performance [0-9.]+\xa0%Quality [0-9.]+\xa0%", row.strip())


async def test_hostile_names_are_escaped_everywhere() -> None:
    lines = {"filling-2": Condition(HOSTILE, LINES["filling-2"].spec, "ORANGE")}
    source = PagesSource(lines=lines, plant_name=HOSTILE)
    async with client(lambda _: source) as web:
        for path in ("/", "/lines/filling-2", REPORT, "/reports", "/lines/%3Cscript%3Ealert(1)"):
            text = (await web.get(path)).text
            assert "<script>alert" not in text
            assert "&lt;script&gt;alert" in text
    assert "<script>alert" not in login_page(HOSTILE, HOSTILE, HOSTILE)


async def test_addresses_of_odd_names_still_lead_back() -> None:
    lines = {"b c?ü&": Condition("Odd", LINES["filling-1"].spec, "WATER")}
    source = PagesSource(lines=lines)
    async with client(lambda _: source, MemoryHealth(*lines, "m")) as web:
        link = re.search(r'<h2><a href="([^"]+)"', (await web.get("/")).text)
        assert link is not None
        answer = await web.get(link[1])
        assert answer.status_code == 200
        for further in Outline(answer.text).links:
            if not further.startswith("/api/"):
                assert (await web.get(further, follow_redirects=True)).status_code == 200, further


@pytest.mark.parametrize("path", ["/lines/nope", "/lines/filling-2/shifts/2020-01-01/early", "/reports?line=nope"])
async def test_what_does_not_exist_is_said_on_a_page(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert answer.status_code == 404
    assert "Not found." in answer.text
    assert "Traceback" not in answer.text


async def test_a_lost_database_is_said_with_what_to_do() -> None:
    def lost(_: Request) -> ResultSource:
        raise DatabaseUnavailable("connection refused")

    async with client(lost) as web:
        answer = await web.get("/")
        assert (await web.get("/lines")).status_code == 503
    assert answer.status_code == 503
    assert "Nothing is lost" in answer.text


async def test_past_shifts_lead_on_and_back(web: httpx.AsyncClient) -> None:
    past = Outline((await web.get("/lines/filling-2?date=2026-11-18&shift=late")).text).links
    assert "/lines/filling-2?date=2026-11-18&shift=early" in past
    assert "/lines/filling-2" in past
    live = (await web.get("/lines/filling-2")).text
    assert "/lines/filling-2?date=2026-11-18&amp;shift=late" in live
    assert "The next shift has not started" in live


async def test_outside_shifts_pages_say_what_comes_next() -> None:
    source = PagesSource(at("2026-11-19T23:10"))
    async with client(lambda _: source) as web:
        for path in ("/", "/lines/filling-1"):
            text = (await web.get(path)).text
            assert "Early shift starts at 06:00 on Fri 20 Nov." in text
            assert "0.0<span" not in text


async def test_the_first_instant_of_a_shift_has_dashes_and_no_percentages() -> None:
    source = PagesSource(at("2026-11-19T14:00"))
    async with client(lambda _: source) as web:
        answer = await web.get("/lines/filling-1")
    assert answer.status_code == 200
    assert answer.text.count("just begun") == 4


async def test_a_plant_without_lines_says_how_to_get_some() -> None:
    source = PagesSource(lines={})
    async with client(lambda _: source) as web:
        assert "oee apply" in (await web.get("/")).text
        assert (await web.get("/reports")).status_code == 200
        assert (await web.get("/lines")).headers["location"] == "/"


def test_report_file_needs_nothing_beside_it() -> None:
    source = PagesSource()
    report = report_view(source.shift("filling-2", "2026-11-18", "early"), source.plant())
    html = report_html(report, zone_of(source.plant()), css=stylesheet())
    assert Outline(html).links == []
    assert "--run-soft" in html
    assert "http" not in stylesheet()
    served = report_html(report, zone_of(source.plant()), hrefs=["/static/base.css"])
    assert Outline(served).inline == []


def test_login_form_posts_name_password_and_next() -> None:
    html = login_page("North", "/lines/x?a=1&b=2", None)
    assert re.search(r'<form[^>]* method="post" action="/login">', html)
    assert 'name="next" value="/lines/x?a=1&amp;b=2"' in html
    assert 'role="alert"' not in html
    assert 'name="password"' in html
    assert "do not fit" in login_page("North", "/", "This name and password do not fit.")
