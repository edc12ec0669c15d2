import html
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram

from antelop.service import notice
from antelop.service.notice import BREAK, Notices
from tests.chats import PATIENCE, Chat

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise imports it where it can


@pytest.fixture
def opened() -> Iterator[Callable[..., Notices]]:
    """Return a function that opens notices, which are closed after the test, and whose threads then end."""
    opened: list[Notices] = []

    def notices(*urls: str) -> Notices:
        opened.append(Notices(urls))
        return opened[-1]

    yield notices
    for each in opened:
        each.close(PATIENCE)
    assert not [thread for thread in threading.enumerate() if thread.name == "notices"]


def test_a_notice_is_given_once(chat: Chat, opened: Callable[..., Notices]) -> None:
    """What a key stands for is told when it is told first; another key is another notice, even with the same words."""
    notices = opened(chat.url)
    notices.tell("m17 rejected", "Rejected: m17.nwb", "Session 42 is not in the database.")
    assert chat.received() == ("Rejected: m17.nwb", "Session 42 is not in the database.")
    notices.tell("m17 rejected", "Rejected: m17.nwb", "Session 42 is not in the database.")
    notices.tell("m18 rejected", "Rejected: m18.nwb", "Session 42 is not in the database.")
    assert chat.received() == ("Rejected: m18.nwb", "Session 42 is not in the database.")
    notices.close(PATIENCE)
    assert chat.messages.empty()
    assert notices.status() == {"queued": 0, "dropped": 0, "sent": 2, "failed": 0, "failing": []}


def test_everybody_is_told_even_if_somebody_cannot_be(chat: Chat, opened: Callable[..., Notices]) -> None:
    """A URL that is none and a service that nobody runs are counted and named, without what is secret; the others are sent."""
    notices = opened("pover://user:secret", "secret", "json://lab:secret@127.0.0.1:1/", chat.url)
    notices.tell("m17", "Failed: m17.nwb", "It was tried three times.")
    assert chat.received() == ("Failed: m17.nwb", "It was tried three times.")
    notices.close(PATIENCE)
    assert notices.status() == {
        "queued": 0,
        "dropped": 0,
        "sent": 1,
        "failed": 3,
        "failing": ["1: pover", "2: ?", "3: json"],
    }


@pytest.mark.parametrize("answer", [500, 0])
def test_a_service_that_refuses_is_named_until_it_takes_a_message(
    chat: Chat, opened: Callable[..., Notices], answer: int
) -> None:
    """A message that is refused, or hung up on, is counted and not repeated; the next one that arrives clears the name."""
    notices = opened(chat.url)
    chat.answer = answer
    notices.tell("m17", "Rejected: m17.nwb", "No rig.")
    chat.received()
    chat.answer = 200
    notices.tell("m18", "Rejected: m18.nwb", "No rig.")
    assert chat.received()[0] == "Rejected: m18.nwb"
    notices.close(PATIENCE)
    assert notices.status() == {"queued": 0, "dropped": 0, "sent": 1, "failed": 1, "failing": []}


def test_notices_that_pile_up_are_one_message(chat: Chat, opened: Callable[..., Notices]) -> None:
    """While one message is on its way the caller goes on, and what it tells then arrives together."""
    notices = opened(chat.url)
    chat.open.clear()
    notices.tell("m1", "Rejected: m1.nwb", "No rig.")
    assert chat.received() == ("Rejected: m1.nwb", "No rig.")
    notices.tell("m2", "Rejected: m2.nwb", "No rig.")
    notices.tell("m3", "Rejected: m3.nwb", "No animal.")
    assert notices.status()["queued"] == 2
    chat.open.set()
    assert chat.received() == ("2 notices", "Rejected: m2.nwb\nNo rig.\n\nRejected: m3.nwb\nNo animal.")


def test_a_full_queue_takes_no_more_and_counts_it(chat: Chat, opened: Callable[..., Notices]) -> None:
    """What found no place may be told later; what waits is short enough for any chat."""
    notices = opened(chat.url)
    chat.open.clear()
    notices.tell("m", "Rejected: m.nwb", "No rig.")
    chat.received()
    for number in range(notice.QUEUED + 2):
        notices.tell(f"m{number}", f"Rejected: m{number}.nwb", "No rig.")
    assert notices.status() == {"queued": notice.QUEUED, "dropped": 2, "sent": 0, "failed": 0, "failing": []}
    chat.open.set()
    title, body = chat.received()
    assert title == f"{notice.QUEUED} notices"
    assert len(body) == notice.LENGTH
    assert body.endswith("…")
    notices.tell(f"m{notice.QUEUED}", "Rejected: the last but one", "No rig.")
    assert chat.received() == ("Rejected: the last but one", "No rig.")


def test_what_is_told_again_and_again_is_remembered(
    chat: Chat, opened: Callable[..., Notices], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few notices are remembered: one that is told at every look stays known, the oldest of the others is forgotten."""
    monkeypatch.setattr(notice, "REMEMBERED", 2)
    notices = opened(chat.url)
    for key in ("waits", "m1", "waits", "m2"):
        notices.tell(key, "Waiting", key)
    notices.tell("waits", "Waiting", "waits")
    notices.tell("m1", "Waiting", "m1")
    notices.close(PATIENCE)
    told = " ".join(body for _, body in chat.messages.queue)
    assert [told.count(key) for key in ("waits", "m1", "m2")] == [1, 2, 1]


def test_names_are_shown_as_they_are(chat: Chat, opened: Callable[..., Notices]) -> None:
    """Letters stay, a title and each line are one line, and what is no text becomes a question mark."""
    notices = opened(chat.url)
    notices.tell(
        "m17",
        "Rejected: Mäuse\r\nBcc: m_17.nwb at 9:30",
        "lick_rate.nwb\nforged\u2028too",
        "\udcff\x1b[2J \u202e",
        "> no quotation",
    )
    title, body = chat.received()
    assert title == "Rejected: Mäuse Bcc: m_17.nwb at 9:30"
    assert body == f"lick_rate.nwb forged too\n??[{BREAK}2J ?\n{BREAK}>{BREAK} no quotation"


MARKUP = [
    *("@all", "@everyone", "<!channel>", "&lt;!here&gt;", "<@U123>", "#general", "~town-square", "||spoiler||", ":smile:"),
    *("[click](http://evil.example)", "<http://evil.example|click>", "https://evil.example", "evil.example/x", "www.evil.com"),
    *("<b>m17</b>", "*m17*", "**m17**", "_m17_", "~~m17~~", "`m17`", "```m17", "\\*m17\\*", "> m17", "# m17", "<script>"),
]
EFFECTIVE = re.compile(r"[@#~]\w|<\S|\]\(|://|&[a-z]+;|:[a-z]+:|www\.\w|evil\.\w|[*~|`_]{2}|[*~_]m17|\\[*]")
"""What one of these chats acts on."""

CHATS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "discord": (f"discord://{'1' * 18}/{'a' * 64}/", lambda posted: posted["content"]),
    "slack": ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", lambda posted: posted["attachments"][0]["text"]),
    "mattermost": (f"mmost://PLACE/{'a' * 26}", lambda posted: posted["text"]),
    "rocketchat": (f"rocket://{'a' * 24}%2F{'b' * 43}@PLACE/#lab", lambda posted: posted["text"]),
    "telegram": ("tgram://123456789:abcdefg_hijklmnop/12315544/", lambda posted: posted["text"]),
}
"""Services of apprise, and where the text is in what they post."""

SHOWS: dict[str, Callable[[str], str]] = {
    "slack": html.unescape,
    "telegram": lambda text: html.unescape(text.partition("</b>")[2]),
    "rocketchat": lambda text: re.sub(r"\\([^a-z\s])", r"\1", text),
}
"""What a chat makes of the escapes that apprise adds."""


@pytest.mark.parametrize("kind", CHATS)
def test_no_name_is_markup_a_mention_or_a_link_in_any_chat(
    chat: Chat, opened: Callable[..., Notices], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Each chat's own program of apprise sends it, as it would to the chat; the text reads as it was written."""
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://{chat.place}/discord")
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{chat.place}/slack")
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://{chat.place}/bot")
    chat.words = b"ok" if kind == "slack" else b'{"ok": true, "success": true}'
    url, text = CHATS[kind]
    notices = opened(url.replace("PLACE", chat.place))
    notices.tell("m17", "Rejected: m17.nwb", *MARKUP)
    notices.close(PATIENCE)
    assert notices.status()["failing"] == []
    shown = SHOWS.get(kind, str)(text(chat.posted.get_nowait()))
    assert EFFECTIVE.findall(shown) == []
    assert "\n".join(MARKUP) in shown.replace("\r", "").replace(BREAK, "")


def test_every_name_would_be_acted_on_as_it_is() -> None:
    """So that the test above tries something."""
    assert [name for name in MARKUP if not EFFECTIVE.search(name)] == ["`m17`", "> m17", "# m17"]


def test_a_title_may_say_it_all(chat: Chat, opened: Callable[..., Notices]) -> None:
    """A notice without a body is given too, though apprise sends no message without one."""
    opened(chat.url).tell("m17", "Rejected: m17.nwb", "")
    assert chat.received() == ("Rejected: m17.nwb", "Rejected: m17.nwb")


def test_no_url_is_shown_anywhere(
    chat: Chat, opened: Callable[..., Notices], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither logs of the finest level nor the object's own words hold a password; they show a service's kind and no more."""
    for library in ("apprise", "urllib3"):
        monkeypatch.setattr(logging.getLogger(library), "level", logging.NOTSET)
    caplog.set_level(1)
    notices = opened(chat.url, "json://lab:secret@127.0.0.1:1/", "pover://secret")
    notices.tell("m17", "Rejected: m17.nwb", "No rig.")
    chat.received()
    notices.close(PATIENCE)
    assert "secret" not in f"{caplog.text}{notices!r}{notices.status()}"
    assert notices.status()["failing"] == ["2: json", "3: pover"]


def test_a_hanging_service_does_not_keep_the_service_from_stopping(chat: Chat) -> None:
    """Closing waits no longer than it is told to, and the process ends at once; what is told after that is dropped."""
    chat.open.clear()
    program = f"""
from antelop.service.notice import BREAK, Notices
from tests.chats import PATIENCE, Chat
notices = Notices([{chat.url!r}])
notices.tell("m17", "Rejected: m17.nwb", "No rig.")
input()
notices.close(0.01)
notices.tell("m18", "Rejected: m18.nwb", "No rig.")
print(notices.status())
"""
    environment = {"PYTHONPATH": str(Path(notice.__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        chat.received()
        said, _ = process.communicate("\n", timeout=PATIENCE)
    assert said == "{'queued': 0, 'dropped': 1, 'sent': 0, 'failed': 0, 'failing': []}\n"
    assert process.returncode == 0


def test_without_urls_nobody_is_told(opened: Callable[..., Notices]) -> None:
    """Nothing is queued, counted or started where nobody wants to be told."""
    notices = opened()
    before = set(threading.enumerate())
    notices.tell("m17", "Rejected: m17.nwb", "No rig.")
    assert set(threading.enumerate()) <= before
    assert notices.status() == {"queued": 0, "dropped": 0, "sent": 0, "failed": 0, "failing": []}
