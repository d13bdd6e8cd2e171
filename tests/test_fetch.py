"""Fetching: whatever a server does, the right bytes or one clear line, and never half a file."""

import io
import json
import logging
import socket
import stat
import struct
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from emospeech.corpora.ami import AmiSettings, read_ami
from emospeech.corpora.ami_release import FIVE, meeting_names, meetings_with
from emospeech.corpora.answers import _retry_after
from emospeech.corpora.download import DownloadSettings, download
from emospeech.corpora.embedded import ami as embedded
from emospeech.corpora.fetch import fetch_annotations, fetch_wav
from emospeech.corpora.unpack import UnpackSettings
from emospeech.faults import InputError
from tests.mirror import served
from tests.test_workflow import Project

pytestmark = pytest.mark.timeout(60)

QUICK = DownloadSettings(retries=2, first_wait=0.01, timeout=2, chunk_size=1000, report_every=60)
LIMITS = UnpackSettings()
WAV = "/ES2002a/audio/ES2002a.Mix-Headset.wav"
CONTENT = np.random.default_rng(1).bytes(50_000)
OTHER = np.random.default_rng(2).bytes(50_000)


def wav(seconds=0.5):
    file = io.BytesIO()
    noise = np.random.default_rng(3).uniform(-0.1, 0.1, round(16000 * seconds))
    soundfile.write(file, noise, 16000, "PCM_16", format="WAV")
    return file.getvalue()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def mirror():
    with served({"/file": CONTENT, WAV: wav()}) as mirror:
        yield mirror


def fetch(mirror, place, settings=QUICK):
    download(f"{mirror.url}/file", place, lambda part: None, settings)
    return place.read_bytes()


def left(folder):
    """Return the names of all files below a folder."""
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


def ranges(mirror):
    return [asked for _, asked in mirror.asked]


def dropped(mirror, after):
    return lambda handler, content: mirror.send(handler, content, upto=after)


def refused(status, **headers):
    def fault(handler, content):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return fault


def reset(mirror, after):
    """Send some bytes, then no orderly end but a reset of the connection."""

    def fault(handler, content):
        mirror.send(handler, content, upto=after)
        handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()

    return fault


def test_a_file_comes_in_one_request_and_leaves_nothing_beside(mirror, tmp_path):
    assert fetch(mirror, tmp_path / "new" / "file") == CONTENT
    assert ranges(mirror) == [None]
    assert left(tmp_path) == ["file"]


def test_a_dropped_connection_is_resumed_where_it_broke_off(mirror, tmp_path):
    mirror.faults = [dropped(mirror, 20_000), dropped(mirror, 5_000)]
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert ranges(mirror) == [None, "bytes=20000-", "bytes=25000-"]
    assert mirror.conditions == [None, '"first"', '"first"']


def test_a_reset_connection_is_resumed(mirror, tmp_path):
    mirror.faults = [reset(mirror, 20_000)]
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert len(mirror.asked) == 2


def test_attempts_that_bring_something_are_not_counted(mirror, tmp_path):
    mirror.faults = [dropped(mirror, 1_000) for _ in range(10)]
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert len(mirror.asked) == 11


def test_a_later_run_resumes_what_an_earlier_one_left(mirror, tmp_path):
    mirror.faults = [dropped(mirror, 20_000), *[refused(500)] * 5]
    with pytest.raises(InputError, match=r"/file: .* 500 .*go on from the 20000 bytes"):
        fetch(mirror, tmp_path / "file")
    assert left(tmp_path) == ["file.part", "file.part.json"]
    mirror.faults, mirror.asked = [], []
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert ranges(mirror) == ["bytes=20000-"]
    assert left(tmp_path) == ["file"]


def test_a_whole_part_of_a_killed_run_is_not_fetched_again(mirror, tmp_path):
    def kill(part):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(f"{mirror.url}/file", tmp_path / "file", kill, QUICK)
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert len(mirror.asked) == 1


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"url": 1}', "null"], ids=["empty", "cut", "list", "key", "null"]
)
def test_a_part_of_unknown_origin_is_not_joined(mirror, tmp_path, damage):
    (tmp_path / "file.part").write_bytes(OTHER[:20_000])
    (tmp_path / "file.part.json").write_text(damage)
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert ranges(mirror) == [None]


def test_a_part_from_another_address_is_not_joined(mirror, tmp_path):
    mirror.faults = [dropped(mirror, 20_000), refused(404)]
    with pytest.raises(InputError):
        fetch(mirror, tmp_path / "file")
    state = tmp_path / "file.part.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"url": "http://else/file"}))
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert ranges(mirror) == [None, "bytes=20000-", None]


def test_a_part_longer_than_the_file_is_dropped(mirror, tmp_path):
    mirror.faults = [dropped(mirror, 20_000), refused(404)]
    with pytest.raises(InputError):
        fetch(mirror, tmp_path / "file")
    (tmp_path / "file.part").write_bytes(CONTENT + b"more")
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert ranges(mirror) == [None, "bytes=20000-", None]


def test_a_server_without_ranges_sends_all_again(mirror, tmp_path):
    mirror.ranges = False
    mirror.faults = [dropped(mirror, 20_000)]
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert ranges(mirror) == [None, "bytes=20000-"]


def test_a_server_without_ranges_that_always_drops_is_given_up(mirror, tmp_path):
    mirror.ranges = False
    mirror.faults = [dropped(mirror, 20_000) for _ in range(50)]
    with pytest.raises(InputError, match="ended after 20000 of 50000 bytes, 3 times in a row"):
        fetch(mirror, tmp_path / "file")
    assert len(mirror.asked) < 6
    assert "file" not in left(tmp_path)


@pytest.mark.parametrize("told", ["tag", "date", "nothing"])
@pytest.mark.parametrize("careful", [True, False])
def test_a_file_that_changes_between_attempts_is_never_mixed(mirror, tmp_path, told, careful):
    """The second server does as RFC 9110 wants, or ignores If-Range and sends the rest."""
    mirror.tag = '"first"' if told == "tag" else None
    mirror.modified = "Tue, 07 Mar 2006 12:00:00 GMT" if told == "date" else None

    def change(handler, content):
        mirror.send(handler, content, upto=20_000)
        mirror.files["/file"] = OTHER
        mirror.tag = mirror.tag and '"second"'
        mirror.modified = mirror.modified and "Wed, 08 Mar 2006 12:00:00 GMT"

    def heedless(handler, content):
        del handler.headers["If-Range"]
        mirror.send(handler, content)

    mirror.faults = [change] if careful else [change, heedless]
    assert fetch(mirror, tmp_path / "file") == OTHER


def test_a_changed_length_alone_is_seen(mirror, tmp_path):
    def change(handler, content):
        mirror.send(handler, content, upto=20_000)
        mirror.files["/file"] = OTHER + b"longer"

    mirror.faults = [change]
    assert fetch(mirror, tmp_path / "file") == OTHER + b"longer"


def test_a_weak_tag_does_not_vouch_for_a_part(mirror, tmp_path):
    mirror.tag, mirror.modified = 'W/"first"', None  # a date would vouch for it
    mirror.faults = [dropped(mirror, 20_000)]
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert ranges(mirror) == [None, None]


@pytest.mark.parametrize(
    "span", ["bytes 0-49999/50000", "bytes 20000-30000/50000", "bytes 20000-49999/*", "", "x"]
)
def test_another_part_than_asked_for_is_not_joined(mirror, tmp_path, span):
    def wrong(handler, content):
        handler.send_response(206)
        handler.send_header("ETag", mirror.tag)
        handler.send_header("Content-Range", span)
        handler.end_headers()
        handler.wfile.write(OTHER[20_000:])

    mirror.faults = [dropped(mirror, 20_000), wrong]
    assert fetch(mirror, tmp_path / "file") == CONTENT


def test_a_part_that_was_not_asked_for_is_refused(mirror, tmp_path):
    def unasked(handler, content):
        handler.send_response(206)
        handler.send_header("Content-Range", "bytes 0-99/100")
        handler.end_headers()
        handler.wfile.write(OTHER[:100])

    mirror.faults = [unasked]
    assert fetch(mirror, tmp_path / "file") == CONTENT


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(mirror, tmp_path, status):
    mirror.faults = [refused(status, Retry_After="0"), refused(status)]
    assert fetch(mirror, tmp_path / "file") == CONTENT
    assert len(mirror.asked) == 3


def test_retry_after_is_waited_for_up_to_the_longest_wait(mirror, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr("emospeech.corpora.download.time.sleep", waits.append)
    mirror.faults = [refused(503, Retry_After=text) for text in ("7", "9999", "soon")]
    settings = replace(QUICK, retries=3, first_wait=1, longest_wait=60)
    assert fetch(mirror, tmp_path / "file", settings) == CONTENT
    assert waits == [7, 60, 4]


def test_waits_double(mirror, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr("emospeech.corpora.download.time.sleep", waits.append)
    mirror.faults = [refused(500)] * 5
    fetch(mirror, tmp_path / "file", replace(QUICK, retries=5, first_wait=1, longest_wait=10))
    assert waits == [1, 2, 4, 8, 10]


def test_retry_after_may_be_a_date():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 27 < _retry_after({"Retry-After": soon}) <= 30
    assert _retry_after({"Retry-After": "Tue, 07 Mar 2006 12:00:00 GMT"}) == 0
    assert _retry_after({}) is None


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final_and_names_the_address(mirror, tmp_path, status):
    mirror.faults = [refused(status)] * 2
    with pytest.raises(InputError, match=rf"^{mirror.url}/file: .*{status}.*correct the address"):
        fetch(mirror, tmp_path / "file")
    assert len(mirror.asked) == 1
    assert left(tmp_path) == []


def test_no_server_is_one_line(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/file"
    with pytest.raises(InputError, match=r"file: no answer .*refused.*3 times in a row; run again"):
        download(url, tmp_path / "file", lambda part: None, QUICK)


@pytest.mark.parametrize(
    "url", ["file:///etc/hosts", "ftp://host/file", "host/file", "http://h:x/"]
)
def test_what_is_no_web_address_is_refused(tmp_path, url):
    with pytest.raises(InputError, match="no web address"):
        download(url, tmp_path / "file", lambda part: None, QUICK)


def test_a_silent_server_times_out_and_is_asked_again(mirror, tmp_path):
    def silent(handler, content):
        handler.rfile.read(1)  # until the client has gone

    mirror.faults = [silent]
    assert fetch(mirror, tmp_path / "file", replace(QUICK, timeout=0.2)) == CONTENT


@pytest.mark.parametrize(("length", "found"), [(60_000, "ended after 50000 of 60000"), (-1, None)])
def test_a_wrong_content_length_never_passes(mirror, tmp_path, length, found):
    """Too long: the file never comes to its end. Nonsense: no length is known."""
    mirror.faults = [lambda h, content: mirror.send(h, content, length=length)] * 20
    mirror.ranges = False
    if found is None:
        assert fetch(mirror, tmp_path / "file") == CONTENT
        return
    with pytest.raises(InputError, match=found):
        fetch(mirror, tmp_path / "file")
    assert "file" not in left(tmp_path)


def test_a_wav_cut_by_its_content_length_is_never_kept(mirror, tmp_path):
    place = tmp_path / "a.wav"
    mirror.faults = [lambda h, content: mirror.send(h, content, length=9_000)] * 2
    with pytest.raises(
        InputError, match=rf"{WAV}: what comes .*ends before its header says, twice"
    ):
        fetch_wav(mirror.url + WAV, place, QUICK)
    assert left(tmp_path) == []
    mirror.faults = [lambda h, content: mirror.send(h, content, length=9_000)]
    fetch_wav(mirror.url + WAV, place, QUICK)
    assert place.read_bytes() == wav()


def page(handler, content):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    handler.wfile.write(b"<html><body>Welcome. Please log in.</body></html>")


def test_a_page_instead_of_a_wav_is_refused(mirror, tmp_path):
    mirror.faults = [page, page]
    with pytest.raises(InputError, match=r"no wav, twice; .*correct that of the mirror"):
        fetch_wav(mirror.url + WAV, tmp_path / "a.wav", QUICK)
    assert left(tmp_path) == []
    mirror.faults = [page]
    fetch_wav(mirror.url + WAV, tmp_path / "a.wav", QUICK)
    assert (tmp_path / "a.wav").read_bytes() == wav()


def test_a_wav_that_is_there_is_kept_and_a_broken_one_replaced(mirror, tmp_path):
    place = tmp_path / "a.wav"
    place.write_bytes(wav(0.25))
    fetch_wav(mirror.url + WAV, place, QUICK)
    assert place.read_bytes() == wav(0.25)
    assert mirror.asked == []
    place.write_bytes(wav()[:5000])
    fetch_wav(mirror.url + WAV, place, QUICK)
    assert place.read_bytes() == wav()


def test_a_full_disk_is_one_line_and_no_retry(mirror, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("emospeech.corpora.download._receive", full)
    with pytest.raises(InputError, match=r"file\.part: cannot be written \(No space left"):
        fetch(mirror, tmp_path / "file")
    assert len(mirror.asked) == 1


def test_progress_is_told_now_and_then(mirror, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    fetch(mirror, tmp_path / "a")
    assert len(caplog.messages) == 1
    assert "whole" in caplog.messages[0]
    caplog.clear()
    fetch(mirror, tmp_path / "b", replace(QUICK, report_every=0))
    assert len(caplog.messages) == 51
    assert "50 % of 0.1 MB" in caplog.messages[24]


# ------------------------------------------------------------------------------ annotations


def zipped(files):
    """Return a zip; `files` maps names or ZipInfos to bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return archive.getvalue()


GOOD = {
    "corpusResources/meetings.xml": b"<meetings/>",
    "words/ES2002a.A.words.xml": b"<words/>",
    "LICENCE.txt": b"CC BY 4.0",
    "dialogueActs/ES2002a.A.dialog-act.xml": b"<acts/>",
}


def get_zip(content, folder, limits=LIMITS):
    with served({"/annotations.zip": content}) as mirror:
        fetch_annotations(f"{mirror.url}/annotations.zip", folder, QUICK, limits)
        return mirror.asked


@pytest.mark.parametrize("top", ["", "ami_public_manual_1.6.2/"])
def test_the_annotations_are_unpacked_as_far_as_they_are_read(tmp_path, top):
    folder = tmp_path / "data" / "annotations"
    (folder / "corpusResources").mkdir(parents=True)  # as Snakemake makes it before the job
    get_zip(zipped({top + name: content for name, content in GOOD.items()}), folder)
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert sorted(found) == sorted(set(GOOD) - {"dialogueActs/ES2002a.A.dialog-act.xml"})
    assert (folder / "corpusResources/meetings.xml").read_bytes() == b"<meetings/>"
    assert [path.name for path in folder.parent.iterdir()] == ["annotations"]
    assert get_zip(b"not asked for", folder) == []


def link():
    info = zipfile.ZipInfo("words/link.xml")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


EVIL = {
    "upwards": ("../evil", "outside of the folder"),
    "upwards inside": ("words/../../evil", "outside of the folder"),
    "absolute": ("/tmp/evil", "outside of the folder"),
    "backslash": ("words\\..\\..\\evil", "outside of the folder"),
    "drive": ("C:evil", "outside of the folder"),
    "link": (link(), "a link"),
}


@pytest.mark.parametrize("kind", EVIL)
def test_an_archive_that_reaches_out_is_refused_and_leaves_nothing(tmp_path, kind):
    name, reason = EVIL[kind]
    folder = tmp_path / "data" / "annotations"
    with pytest.raises(InputError, match=rf"^http://.*annotations\.zip: what comes .*{reason}"):
        get_zip(zipped(GOOD | {name: b"/etc/passwd"}), folder)
    assert left(tmp_path) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_archives_that_cannot_be_are_refused(tmp_path):
    whole = zipped(GOOD)
    damaged = bytearray(zipped({**GOOD, "words/B.xml": CONTENT}))
    damaged[damaged.index(CONTENT[1000:1020]) + 5] ^= 1
    twice = io.BytesIO(whole)
    with zipfile.ZipFile(twice, "a") as file:
        file.writestr("LICENCE.txt", b"another")
    for content, reason in (
        (b"<html>Welcome</html>", "not a whole zip"),
        (whole[:-30], "not a whole zip"),
        (bytes(damaged), "damaged file, words/B.xml"),
        (zipped({"words/A.xml": b""}), "holds no corpusResources/meetings.xml"),
        (twice.getvalue(), "LICENCE.txt twice"),
    ):
        with pytest.raises(InputError, match=reason):
            get_zip(content, tmp_path / "annotations")
        assert left(tmp_path) == []


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path):
    bomb = zipped(GOOD | {"words/bomb.xml": bytes(10**6)})
    assert len(bomb) < 5000
    for limits in (UnpackSettings(most_bytes=10**6), UnpackSettings(most_files=4)):
        with pytest.raises(InputError, match="far too large"):
            get_zip(bomb, tmp_path / "annotations", limits)
        assert left(tmp_path) == []


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    folder = tmp_path / "annotations"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"annotations: holds files but no .*another folder"):
        get_zip(zipped(GOOD), folder)
    assert left(tmp_path) == ["mine.txt"]


# ------------------------------------------------------------------------- meetings, the whole


def test_the_meetings_are_the_171_of_four_sites():
    names = meeting_names()
    assert len(set(names)) == 171
    assert Counter(name[:2] for name in names) == {"ES": 60, "IS": 38, "TS": 40, "EN": 16} | {
        "IB": 7,
        "IN": 10,
    }


def test_meetings_are_those_named_that_have_the_stream():
    assert meetings_with("Mix-Headset") == meeting_names()
    assert meetings_with("Headset-4") == sorted(FIVE)
    assert meetings_with("Headset-0", ["TS3003a", "ES2002a"]) == ["ES2002a", "TS3003a"]
    with pytest.raises(InputError, match="`ES2002e` is no meeting"):
        meetings_with("Mix-Headset", ["ES2002e"])
    with pytest.raises(InputError, match="`ES2002a` has no Headset-4; EN2001a"):
        meetings_with("Headset-4", ["ES2002a"])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The embedded AMI as a mirror has it: {path: bytes}, and where it lies."""
    root = tmp_path_factory.mktemp("embedded")
    embedded.write_ami(root, embedded.AmiSettings(meetings=3, hours=0.02), workers=1)
    audio = root / "amicorpus"
    files = {
        f"/amicorpus/{path.relative_to(audio).as_posix()}": path.read_bytes()
        for path in audio.rglob("*.wav")
    }
    notes = root / embedded.ANNOTATIONS
    names = {path.relative_to(notes).as_posix(): path for path in notes.rglob("*.xml")}
    files["/notes.zip"] = zipped({name: path.read_bytes() for name, path in names.items()})
    return root, files


def test_what_is_fetched_reads_as_what_is_served(tree, tmp_path):
    root, files = tree
    with served(files) as mirror:
        for path in files.keys() - {"/notes.zip"}:
            mirror.faults = [dropped(mirror, 30_000)]
            fetch_wav(mirror.url + path, tmp_path / path[1:], QUICK)
        fetch_annotations(f"{mirror.url}/notes.zip", tmp_path / "notes", QUICK, LIMITS)
    fetched = read_ami(tmp_path / "amicorpus", tmp_path / "notes", AmiSettings())
    direct = read_ami(root / "amicorpus", root / embedded.ANNOTATIONS, AmiSettings())
    pd.testing.assert_frame_equal(fetched.recordings, direct.recordings)
    pd.testing.assert_frame_equal(fetched.words, direct.words)


@pytest.fixture
def fetching(tree, tmp_path):
    """A project that fetches two meetings: (project, mirror, run)."""
    (tmp_path / "project" / "IEMOCAP").mkdir(parents=True)
    project = Project(tmp_path / "project")
    names = sorted(path.split("/")[2] for path in tree[1] if path.endswith(".wav"))[:2]
    with served(dict(tree[1])) as mirror:
        ami = {"audio": "data/amicorpus", "annotations": "data/notes", "meetings": names}
        ami |= {"fetch": True, "mirror": {"audio_url": f"{mirror.url}/amicorpus/"}}
        ami["mirror"]["annotations_url"] = f"{mirror.url}/notes.zip"
        config = {"corpora": {"iemocap": {"root": "IEMOCAP"}, "ami": ami}, "results": "results/x"}
        (project.folder / "fetch.yaml").write_text(yaml.safe_dump(config))
        yield project, mirror, names


def run(project, *arguments):
    target = "results/x/corpora/ami/recordings.csv"
    return project.run(*arguments, target, config="fetch.yaml", demo=False)


@pytest.mark.workflow
@pytest.mark.timeout(300)
def test_the_workflow_fetches_reads_and_goes_on_after_a_failure(fetching):
    project, mirror, names = fetching
    path = f"/amicorpus/{names[0]}/audio/{names[0]}.Mix-Headset.wav"
    wavs = {name: mirror.files[path.replace(names[0], name)] for name in names}
    mirror.files[path] = b"no wav"
    done = run(project)
    assert done.returncode != 0
    assert f"error: {mirror.url}{path}: what comes is no wav" in done.output
    place = project.folder / "data/amicorpus"
    assert [file.name for file in place.rglob("*.*")] == [f"{names[1]}.Mix-Headset.wav"]

    # Of this one a half came and the rest did not: the next run asks for the rest.
    mirror.files[path], mirror.asked = wavs[names[0]], []
    mirror.faults = [dropped(mirror, 30_000), refused(404)]
    assert run(project).returncode != 0
    mirror.asked = []
    done = run(project)
    assert done.returncode == 0, done.output
    assert mirror.asked == [(path, "bytes=30000-")]
    for name, content in wavs.items():
        assert (place / name / "audio" / f"{name}.Mix-Headset.wav").read_bytes() == content
    recordings = pd.read_csv(project.folder / "results/x/corpora/ami/recordings.csv")
    assert list(recordings["session"]) == names
    assert len(pd.read_csv(project.folder / "results/x/corpora/ami/words.csv")) > 20

    # An edit of the code that fetches looks at what is there and fetches nothing.
    mirror.asked = []
    assert "Nothing to be done" in run(project).output
    project.edited("emospeech/corpora/download.py", "\nEDITED = True\n")
    done = run(project)
    assert done.returncode == 0, done.output
    assert f"Fetching {names[0]}" in done.output
    assert "Reading AMI" not in done.output
    assert mirror.asked == []


@pytest.mark.workflow
@pytest.mark.timeout(100)
def test_nothing_is_fetched_unless_asked_for(fetching):
    project, mirror, names = fetching
    text = (project.folder / "fetch.yaml").read_text()
    (project.folder / "fetch.yaml").write_text(text.replace("fetch: true", "fetch: false"))
    done = run(project)
    assert "corpora.ami.audio no folder data/amicorpus" in done.output
    assert not (project.folder / "data").exists()
    assert mirror.asked == []
    (project.folder / "fetch.yaml").write_text(text.replace(names[0], "ES2002e"))
    assert "error: config, at corpora.ami.meetings: `ES2002e` is no meeting" in run(project).output
