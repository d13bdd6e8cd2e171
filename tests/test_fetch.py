"""Downloads from faulty servers: the right bytes or a one-line error, and no partial files."""

import hashlib
import io
import os
import signal
import socket
import stat
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from emospeech.corpora import fetch
from emospeech.corpora.ami import read_ami
from emospeech.corpora.ami_release import (
    FIVE_SPEAKERS,
    meeting_names,
    meetings_with,
    select_meetings,
)
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table
from emospeech.synthetic import ami as synthetic
from tests.http_mirror import send, served
from tests.test_workflow import Project

pytestmark = pytest.mark.timeout(60)

PATH = "/ES2002a/audio/ES2002a.Mix-Headset.wav"
ATTEMPTS = 3


def wav(seconds=0.5):
    file = io.BytesIO()
    noise = np.random.default_rng(3).uniform(-0.1, 0.1, round(16000 * seconds))
    soundfile.write(file, noise, 16000, "PCM_16", format="WAV")
    return file.getvalue()


WAV = wav()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "WAITS", (0.01,) * (ATTEMPTS - 1))
    monkeypatch.setattr(fetch, "TIMEOUT", 0.5)


@pytest.fixture
def mirror():
    with served({PATH: WAV}) as mirror:
        yield mirror


def left(folder):
    """Return the names of all files below a folder."""
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


def refuse(handler, content, status=404):
    handler.send_error(status)


def page(handler, content):
    send(handler, b"<html><body>Welcome. Please log in.</body></html>")


def silent(handler, content):
    handler.rfile.read(1)  # until the client disconnects


TEMPORARY = {
    "cut off": partial(send, upto=9_000),
    "busy": partial(refuse, status=503),
    "silent": silent,
    "a page": page,
    "a truncated wav": lambda handler, content: send(handler, content[:9_000]),
    "a length that is too long": partial(send, length=60_000),
}


@pytest.mark.parametrize("kind", [None, *TEMPORARY])
def test_temporary_failure_is_retried(mirror, tmp_path, kind):
    mirror.faults = [TEMPORARY[kind]] if kind else []
    path = tmp_path / "new" / "a.wav"
    fetch.fetch_wav(mirror.url + PATH, path)
    assert path.read_bytes() == WAV
    assert left(tmp_path) == ["a.wav"]
    assert len(mirror.requests) == (2 if kind else 1)


@pytest.mark.parametrize("kind", [*TEMPORARY, "refused"])
def test_permanent_failure_names_the_url_and_leaves_no_file(mirror, tmp_path, kind):
    mirror.faults = [TEMPORARY.get(kind, refuse)] * ATTEMPTS
    with pytest.raises(InputError) as caught:
        fetch.fetch_wav(mirror.url + PATH, tmp_path / "a.wav")
    assert str(caught.value).startswith(f"{mirror.url}{PATH}: ")
    assert "mirror" in str(caught.value)
    assert left(tmp_path) == []
    assert len(mirror.requests) == (1 if kind == "refused" else ATTEMPTS)


def test_unreachable_server_is_an_error(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.wav"
    with pytest.raises(InputError, match=f"^{url}: "):
        fetch.fetch_wav(url, tmp_path / "a.wav")
    assert left(tmp_path) == []


def test_complete_wav_is_kept_and_truncated_one_replaced(mirror, tmp_path):
    path, other = tmp_path / "a.wav", wav(0.25)
    path.write_bytes(other)
    fetch.fetch_wav(mirror.url + PATH, path)
    assert path.read_bytes() == other
    assert mirror.requests == []
    path.write_bytes(WAV[:5000])
    fetch.fetch_wav(mirror.url + PATH, path)
    assert path.read_bytes() == WAV


def test_downloads_run_in_parallel(tmp_path):
    files = {f"/{number}.wav": wav(0.1 * number) for number in range(1, 6)}
    with served(files) as mirror, ThreadPoolExecutor() as pool:
        mirror.faults = [TEMPORARY["cut off"]] * 2
        paths = [tmp_path / "new" / path[1:] for path in files]
        list(pool.map(fetch.fetch_wav, [mirror.url + path for path in files], paths))
    assert [path.read_bytes() for path in paths] == list(files.values())


def test_waiting_time_of_a_busy_server_is_respected(mirror, tmp_path, monkeypatch):
    def busy(handler, content):
        handler.send_response(429)
        handler.send_header("Retry-After", "100")
        handler.end_headers()

    waits = []
    monkeypatch.setattr(fetch.time, "sleep", waits.append)
    mirror.faults = [busy]
    fetch.fetch_wav(mirror.url + PATH, tmp_path / "a.wav")
    assert waits == [100]


# ---------------------------------------------------------------------------------- CREMA-D

TABLES = ("processedResults/tabulatedVotes.csv", "VideoDemographics.csv")
RECORDINGS = [f"AudioWAV/100{number}_IEO_ANG_HI.wav" for number in range(1, 9)]


def write_list_of_files(folder, names=(*TABLES, *RECORDINGS)):
    """Write crema_d_files.csv.gz for files of random bytes; return their contents by name."""
    rng = np.random.default_rng(5)
    contents = {name: rng.bytes(20_000 + rng.integers(9)) for name in names}
    rows = [
        (name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    ]
    table = pd.DataFrame(rows, columns=["name", "bytes", "sha256"])
    table.to_csv(folder / "crema_d_files.csv.gz", index=False)
    return contents


def stored(folder):
    """Return {path: content} of all files below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def crema_d(tmp_path):
    """A mirror of CREMA-D with few files: (mirror, contents by name, function that fetches)."""
    contents = write_list_of_files(tmp_path)
    with served({f"/raw/{name}": content for name, content in contents.items()}) as mirror:
        urls = {"audio_url": f"{mirror.url}/raw/AudioWAV/", "tables_url": f"{mirror.url}/raw"}
        list_of_files = tmp_path / "crema_d_files.csv.gz"
        yield mirror, contents, partial(fetch.fetch_crema_d, tmp_path / "c", urls, list_of_files, 3)


def other_content(handler, content):
    send(handler, bytes(len(content)))


def test_crema_d_equals_its_source_despite_temporary_failures(crema_d, tmp_path):
    mirror, contents, fetch_crema_d = crema_d
    kinds = ("cut off", "busy", "silent", "a page")
    mirror.faults = [*(TEMPORARY[kind] for kind in kinds), other_content]
    fetch_crema_d()
    assert stored(tmp_path / "c") == contents
    assert len(mirror.requests) == len(contents) + 5
    mirror.requests = []
    fetch_crema_d()
    assert mirror.requests == []


def test_only_missing_and_damaged_files_of_crema_d_are_fetched(crema_d, tmp_path):
    mirror, contents, fetch_crema_d = crema_d
    fetch_crema_d()
    damaged = dict(
        zip(RECORDINGS, (b"version https://git-lfs.github.com/spec/v1", b""), strict=False)
    )
    damaged[RECORDINGS[2]] = contents[RECORDINGS[2]][:-1] + b"?"
    for name, content in damaged.items():
        (tmp_path / "c" / name).write_bytes(content)
    (tmp_path / "c" / TABLES[0]).unlink()
    mirror.requests = []
    fetch_crema_d()
    assert sorted(mirror.requests) == sorted(f"/raw/{name}" for name in (*damaged, TABLES[0]))
    assert stored(tmp_path / "c") == contents


@pytest.mark.parametrize("content", [None, b"other"])
def test_fetch_of_crema_d_continues_after_a_failure(crema_d, tmp_path, content):
    mirror, contents, fetch_crema_d = crema_d
    name = RECORDINGS[4]
    mirror.files[f"/raw/{name}"] = content
    with pytest.raises(InputError, match=f"^{mirror.url}/raw/{name}: "):
        fetch_crema_d()
    kept = stored(tmp_path / "c")
    assert name not in kept
    assert kept.items() <= contents.items()
    mirror.files[f"/raw/{name}"], mirror.requests = contents[name], []
    fetch_crema_d()
    assert sorted(mirror.requests) == sorted(f"/raw/{name}" for name in contents.keys() - kept)
    assert stored(tmp_path / "c") == contents


def test_no_download_of_crema_d_starts_after_a_failure(crema_d):
    mirror, contents, fetch_crema_d = crema_d
    mirror.faults = [refuse] + [silent] * 3 * len(contents)
    with pytest.raises(InputError):
        fetch_crema_d()
    assert len(set(mirror.requests)) <= 1 + 3 < len(contents)  # three were in progress


def test_list_of_files_is_that_of_the_release():
    files = read_table(fetch.CREMA_D_FILES)
    assert len(files) == 7442 + len(TABLES)
    folder = Path(__file__).parents[2] / "shared" / "crema-d"
    if not folder.is_dir():
        pytest.skip("needs ../shared/crema-d")
    for name in TABLES:
        fetch.check_content(folder / Path(name).name, *files.set_index("name").loc[name])
    wavs = pd.read_csv(folder / "wavs.csv")
    listed = files[files["name"].str.startswith("AudioWAV/")].reset_index(drop=True)
    pd.testing.assert_frame_equal(listed, wavs.assign(name="AudioWAV/" + wavs["name"]))


# --------------------------------------------------------------------------------- archives


def zipped(files):
    """Return a zip archive; `files` maps names or ZipInfos to bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return archive.getvalue()


GOOD = {
    "corpusResources/meetings.xml": b"<meetings/>",
    "words/ES2002a.A.words.xml": b"<words/>",
    "LICENCE.txt": b"CC BY 4.0",
}


def fetch_zip(content, folder, contents=fetch.AMI_CONTENTS):
    with served({"/annotations.zip": content}) as mirror:
        fetch.fetch_archive(f"{mirror.url}/annotations.zip", folder, contents)
        return mirror.requests


@pytest.mark.parametrize("top", ["", "ami_public_manual_1.6.2/"])
def test_annotations_are_unpacked(tmp_path, top):
    folder = tmp_path / "data" / "annotations"
    (folder / "corpusResources").mkdir(parents=True)  # as created by Snakemake before the job
    fetch_zip(zipped({top + name: content for name, content in GOOD.items()}), folder)
    assert stored(folder) == GOOD
    assert [path.name for path in folder.parent.iterdir()] == ["annotations"]
    assert fetch_zip(b"not asked for", folder) == []


def test_archive_cannot_write_outside_the_folder(tmp_path):
    link = zipfile.ZipInfo("words/link.xml")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    outside = tmp_path / "outside"
    names = ["../evil", "words/../../../evil", str(outside), "words\\..\\..\\evil", "C:evil"]
    folder = tmp_path / "data" / "annotations"
    fetch_zip(zipped(GOOD | dict.fromkeys([*names, link], b"/etc/passwd")), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert [path.name for path in folder.parent.iterdir()] == ["annotations"]
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert set(GOOD) <= {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_damaged_archive_is_an_error(tmp_path):
    intact, noise = zipped(GOOD), np.random.default_rng(1).bytes(50_000)
    damaged = bytearray(zipped({**GOOD, "words/B.xml": noise}))
    damaged[damaged.index(noise[1000:1020]) + 5] ^= 1
    no_meetings = zipped({"words/A.xml": b""})
    for content in (b"<html>Welcome</html>", intact[:-30], bytes(damaged), no_meetings):
        with pytest.raises(InputError, match=r"^http://.*/annotations\.zip: "):
            fetch_zip(content, tmp_path / "annotations")
        assert left(tmp_path) == []


def test_folder_with_other_files_is_an_error(tmp_path):
    folder = tmp_path / "annotations"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=f"^{folder}: "):
        fetch_zip(zipped(GOOD), folder)
    assert left(tmp_path) == ["mine.txt"]


LABELS = ("Valence", "Arousal", "Dominance")
QUECHUA = {"Audios/10001.wav": WAV, "Data/Data/Data.xlsx": b"xlsx"}
QUECHUA |= {f"Labels/Labels/{name}.csv": b"Audio,N1,N2,N3,N4" for name in LABELS}


@pytest.mark.parametrize("nested", ["Labels/Labels/", "Labels/"])
def test_quechua_is_unpacked_if_its_label_tables_are_complete(tmp_path, nested):
    files = {name.replace("Labels/Labels/", nested): content for name, content in QUECHUA.items()}
    fetch_zip(zipped(files), tmp_path / "quechua", fetch.QUECHUA_CONTENTS)
    assert stored(tmp_path / "quechua") == files
    del files[f"{nested}Arousal.csv"]
    with pytest.raises(InputError, match=r"Arousal\.csv"):
        fetch_zip(zipped(files), tmp_path / "incomplete", fetch.QUECHUA_CONTENTS)
    assert [path.name for path in tmp_path.iterdir()] == ["quechua"]


# --------------------------------------------------------------------------- meetings, workflow


def test_meetings_of_the_release():
    names = meeting_names()
    assert len(set(names)) == 171
    assert Counter(name[:2] for name in names) == {"ES": 60, "IS": 38, "TS": 40, "EN": 16} | {
        "IB": 7,
        "IN": 10,
    }


def test_meetings_are_selected_by_stream_and_name():
    assert meetings_with("Mix-Headset") == meeting_names()
    assert meetings_with("Headset-4") == sorted(FIVE_SPEAKERS)
    assert select_meetings(meeting_names(), ["TS3003a", "ES2002a"]) == ["ES2002a", "TS3003a"]
    for stream, name in (("Mix-Headset", "ES2002e"), ("Headset-4", "ES2002a")):
        with pytest.raises(InputError, match=f"meetings: `{name}`"):
            select_meetings(meetings_with(stream), [name])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The folder of a synthetic AMI, and its files on a mirror as {path: bytes}."""
    root = tmp_path_factory.mktemp("synthetic")
    synthetic.write_ami(root, synthetic.AmiSettings(meetings=3, hours=0.02), workers=1)
    audio = root / "amicorpus"
    files = {
        f"/amicorpus/{path.relative_to(audio).as_posix()}": path.read_bytes()
        for path in audio.rglob("*.wav")
    }
    notes = root / synthetic.ANNOTATIONS
    names = {path.relative_to(notes).as_posix(): path for path in notes.rglob("*.xml")}
    files["/notes.zip"] = zipped({name: path.read_bytes() for name, path in names.items()})
    return root, files


def test_fetched_corpus_equals_the_original(tree, tmp_path):
    root, files = tree
    with served(files) as mirror:
        for path in files.keys() - {"/notes.zip"}:
            fetch.fetch_wav(mirror.url + path, tmp_path / path[1:])
        fetch.fetch_archive(f"{mirror.url}/notes.zip", tmp_path / "notes", fetch.AMI_CONTENTS)
    fetched = read_ami(tmp_path / "amicorpus", tmp_path / "notes")
    direct = read_ami(root / "amicorpus", root / synthetic.ANNOTATIONS)
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
def test_workflow_fetches_and_continues_after_a_failure(fetching):
    project, mirror, names = fetching
    paths = [f"/amicorpus/{name}/audio/{name}.Mix-Headset.wav" for name in names]
    contents = [mirror.files[path] for path in paths]
    del mirror.files[paths[0]]
    done = run(project)
    assert done.returncode != 0
    assert f"error: {mirror.url}{paths[0]}: " in done.output
    assert [file.name for file in project.folder.rglob("data/amicorpus/**/*.*")] == [
        f"{names[1]}.Mix-Headset.wav"
    ]

    mirror.files[paths[0]], mirror.requests = contents[0], []
    done = run(project)
    assert done.returncode == 0, done.output
    assert mirror.requests == [paths[0]]
    assert [(project.folder / f"data{path}").read_bytes() for path in paths] == contents
    recordings = pd.read_csv(project.folder / "results/x/corpora/ami/recordings.csv")
    assert list(recordings["session"]) == names
    assert len(pd.read_csv(project.folder / "results/x/corpora/ami/words.csv")) > 20

    # After an edit of the fetch module, files are checked but not fetched again.
    mirror.requests = []
    assert "Nothing to be done" in run(project).output
    with project.edited("\nEDITED = True\n", "emospeech/corpora/fetch.py"):
        done = run(project)
    assert done.returncode == 0, done.output
    assert "(Rule: fetch_ami_meeting)" in done.output
    assert "read_ami" not in done.output
    assert mirror.requests == []


@pytest.mark.workflow
@pytest.mark.timeout(300)
def test_workflow_fetches_open_corpora_and_continues_after_a_kill(tmp_path):
    project, corpora = Project(tmp_path), ("crema_d", "quechua")
    contents = write_list_of_files(tmp_path / "emospeech" / "corpora")
    files = {f"/{name}": content for name, content in contents.items()}
    with served({**files, "/quechua.zip": zipped(QUECHUA)}) as mirror:
        urls = {"audio_url": f"{mirror.url}/AudioWAV", "tables_url": mirror.url}
        sections = {"labelled": "crema_d"}
        sections["crema_d"] = {"root": "data/crema_d", "fetch": True, "mirror": urls}
        urls = {"archive_url": f"{mirror.url}/quechua.zip"}
        sections["quechua"] = {"root": "data/quechua", "fetch": True, "mirror": urls}
        config = {"corpora": sections, "models": {"names": ["BasicDCGAN"]}}
        config |= {"folds": {"scheme": "speakers"}, "training": {"unlabelled": list(corpora)}}
        (tmp_path / "fetch.yaml").write_text(yaml.safe_dump(config))

        table = "results/corpora/crema_d/recordings.csv"
        planned = project.planned(table, config="fetch.yaml", demo=False)
        assert planned["fetch_corpus"] == planned["read_corpus"] == 1, "of one corpus only"

        mirror.faults = [send] * 5 + [silent] * len(files)
        process = project.start("results/corpora/crema_d/.fetched", config="fetch.yaml", demo=False)
        while process.poll() is None and len(mirror.requests) < 5 + 2:  # two threads on two cores
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.communicate()[0]
        kept = {name for name in stored(tmp_path / "data/crema_d") if ".part" not in name}
        assert len(kept) == 5

        mirror.faults, mirror.requests = [], []
        project.run("--unlock", config="fetch.yaml", demo=False)
        done = project.run("fetch", config="fetch.yaml", demo=False)
        assert done.returncode == 0, done.output
        expected = ["/quechua.zip", *(f"/{name}" for name in contents.keys() - kept)]
        assert sorted(mirror.requests) == sorted(expected)
    for corpus, expected in zip(corpora, (contents, QUECHUA), strict=True):
        assert stored(tmp_path / "data" / corpus) == expected
    for corpus, licence in zip(corpora, ("ODbL 1.0", "CC BY 4.0"), strict=True):
        assert licence in done.output
        assert licence in (tmp_path / f"results/logs/corpora/fetch_{corpus}.log").read_text()
    assert "Nothing to be done" in project.run("fetch", config="fetch.yaml", demo=False).output


@pytest.mark.workflow
@pytest.mark.timeout(100)
def test_nothing_is_fetched_by_default(fetching):
    project, mirror, names = fetching
    text = (project.folder / "fetch.yaml").read_text()
    (project.folder / "fetch.yaml").write_text(text.replace("fetch: true", "fetch: false"))
    done = run(project)
    assert "corpora.ami.audio" in done.output
    assert not (project.folder / "data").exists()
    assert mirror.requests == []
    (project.folder / "fetch.yaml").write_text(text.replace(names[0], "ES2002e"))
    assert "error: config, at corpora.ami.meetings: `ES2002e`" in run(project).output
