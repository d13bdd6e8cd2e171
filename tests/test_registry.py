"""The names of corpora in a config, and the folders of manifests."""

import re
from importlib import import_module

import pytest

from emospeech.corpora.registry import (
    RELEASES,
    check_dimensions,
    check_raters,
    corpora_in_use,
    database_folders,
    manifest_folders,
)
from emospeech.runtime.errors import InputError

BOTH = ("valence", "activation")
OWN = {"theatre": {"folder": "theatre", "scale": [1, 5]}, "radio": {"folder": "radio"}}


def corpora(labelled="theatre", synthetic=None, manifests=OWN, audformat=None):
    names = {"labelled": labelled, "synthetic": synthetic, "manifests": manifests}
    return names | {"audformat": audformat or {}}


@pytest.mark.parametrize(
    ("labelled", "unlabelled", "expected"),
    [
        ("iemocap", ["ami", "iemocap"], ["iemocap", "ami"]),
        ("theatre", ["radio", "theatre"], ["theatre", "radio"]),
        ("theatre", ["iemocap", "ami"], ["theatre", "iemocap", "ami"]),
        ("theatre", [], ["theatre"]),
        ("crema_d", ["ami", "crema_d"], ["crema_d", "ami"]),
        ("quechua", ["crema_d"], ["quechua", "crema_d"]),
    ],
)
def test_corpora_in_use_start_with_the_labelled_one(labelled, unlabelled, expected):
    assert corpora_in_use(corpora(labelled), unlabelled) == expected


@pytest.mark.parametrize(
    ("labelled", "unlabelled", "synthetic", "key", "name"),
    [
        ("ami", [], None, "corpora.labelled", "ami"),
        ("crema", [], None, "corpora.labelled", "crema"),
        ("iemocap", ["crema"], None, "training.unlabelled", "crema"),
        ("theatre", [], {}, "corpora.labelled", "theatre"),
        ("iemocap", ["radio"], {}, "training.unlabelled", "radio"),
        ("crema_d", [], {}, "corpora.labelled", "crema_d"),
    ],
)
def test_names_that_cannot_be_used_are_errors(labelled, unlabelled, synthetic, key, name):
    with pytest.raises(InputError, match=rf"^{re.escape(key)}: .*\b{name}\b"):
        corpora_in_use(corpora(labelled, synthetic), unlabelled)


@pytest.mark.parametrize("name", RELEASES)
def test_every_release_has_a_reader_and_a_check(name):
    module = import_module(f"emospeech.corpora.{name}")
    assert callable(getattr(module, f"read_{name}"))
    assert callable(getattr(module, f"check_{name}"))


def test_manifests_in_use_have_their_tables(tmp_path):
    folder = tmp_path / "theatre"
    own = {"theatre": {"folder": str(folder), "scale": [0, 1]}, "unused": {"folder": "nowhere"}}
    config = corpora(manifests=own)
    names = ["theatre", "ami"]
    with pytest.raises(InputError, match=r"^corpora\.manifests\.theatre\.folder: .*recordings"):
        manifest_folders(config, names)
    folder.mkdir()
    (folder / "recordings.csv").touch()
    assert manifest_folders(config, names) == {"theatre": str(folder)}
    own["theatre"]["scale"] = [5, 1]
    with pytest.raises(InputError, match=r"^corpora\.manifests\.theatre\.scale: .*5, 1"):
        manifest_folders(config, names)
    own["theatre"] = {"folder": str(folder), "scale": [0, 1], "textgrids": str(folder / "grids")}
    key = r"^corpora\.manifests\.theatre\.textgrids: "
    with pytest.raises(InputError, match=rf"{key}.*grids"):
        manifest_folders(config, names)
    (folder / "grids").mkdir()
    assert manifest_folders(config, names)
    (folder / "words.csv").touch()
    with pytest.raises(InputError, match=rf"{key}.*words\.csv"):
        manifest_folders(config, names)


def test_a_corpus_without_activation_is_an_error_that_names_the_models(tmp_path):
    for labelled in ("iemocap", "quechua"):
        check_dimensions(corpora(labelled), BOTH)
    with pytest.raises(InputError, match=r"^labels: .*CREMA-D.*Basic models"):
        check_dimensions(corpora("crema_d"), BOTH)
    own = corpora(manifests={"theatre": {"folder": str(tmp_path)}})
    table = tmp_path / "recordings.csv"
    table.write_text("sep=,\nrecording,path,valence\n")
    with pytest.raises(InputError, match=rf"^labels: .*{tmp_path}.*Basic models"):
        check_dimensions(own, BOTH)
    table.write_text("recording,path,valence,activation_raw\n")
    with pytest.raises(InputError, match=r"^labels: .*activation"):
        check_dimensions(own, BOTH)
    (tmp_path / "ratings.csv").write_text("recording,rater,activation\n")
    check_dimensions(own, BOTH)
    (tmp_path / "ratings.csv").unlink()
    table.write_text("recording,path,activation\n", encoding="utf-16")
    check_dimensions(own, BOTH)  # no error here: the reader of the corpus reports the encoding


def test_a_corpus_lacks_the_dimensions_of_some_targets():
    check_dimensions(corpora("crema_d"), ["valence"])
    check_dimensions(corpora("crema_d"), [])  # of Basic models of the emotion
    with pytest.raises(InputError, match=r"^labels: .*dominance.*CREMA-D"):
        check_dimensions(corpora("crema_d"), ["valence", "dominance"])
    check_dimensions(corpora("iemocap"), ["dominance", "valence"])


def test_databases_in_use_exist_or_are_loaded(tmp_path):
    here = {"folder": str(tmp_path), "database": None, "version": None, "scale": [1, 5]}
    here["valence"] = None
    key = r"^corpora\.audformat\.actors"

    def folders(**changes):
        config = corpora("actors", audformat={"actors": here | changes, "unused": {}})
        return database_folders(config, corpora_in_use(config, ["radio"]))

    with pytest.raises(InputError, match=rf"{key}\.folder: .*db\.yaml"):
        folders()
    with pytest.raises(InputError, match=rf"{key}\.version: "):
        folders(database="actors")
    assert folders(database="actors", version="1.0.0") == {"actors": str(tmp_path)}
    (tmp_path / "db.yaml").touch()
    assert folders() == {"actors": str(tmp_path)}
    with pytest.raises(InputError, match=rf"{key}\.scale: .*5, 1"):
        folders(scale=[5, 1])


@pytest.mark.parametrize(
    ("kind", "target"), [("ratings", "valence"), ("ratings", "dominance"), ("votes", "emotion")]
)
def test_histograms_need_the_raters_of_a_manifest(tmp_path, kind, target):
    config = corpora(manifests={"theatre": {"folder": str(tmp_path)}})
    for other in {"ratings", "votes"} - {kind}:
        (tmp_path / f"{other}.csv").touch()
    with pytest.raises(InputError, match=rf"^labels\.encoding: .*{kind}\.csv"):
        check_raters(config, target)
    (tmp_path / f"{kind}.csv").touch()
    check_raters(config, target)


def test_histograms_need_the_raters_of_a_database():
    columns = {"valence": ["table.a", "table.b"], "activation": ["table.a"], "dominance": None}
    config = corpora("actors", audformat={"actors": columns | {"emotion": "table.emotion"}})
    check_raters(config, "valence")
    for target in ("activation", "dominance", "emotion"):
        with pytest.raises(InputError, match=rf"^labels\.encoding: .*actors\.{target}"):
            check_raters(config, target)


def test_histograms_need_the_raters_of_a_release():
    for labelled in ("iemocap", "crema_d", "quechua"):
        check_raters(corpora(labelled), "valence")
    for labelled in ("iemocap", "crema_d"):
        check_raters(corpora(labelled), "emotion")
    with pytest.raises(InputError, match=r"^labels\.encoding: .*votes.*Quechua"):
        check_raters(corpora("quechua"), "emotion")


def test_names_of_corpora_are_unique():
    with pytest.raises(InputError, match=r"^corpora\.audformat\.radio: .*manifests"):
        corpora_in_use(corpora(audformat={"radio": {}}), [])
    with pytest.raises(InputError, match=r"^corpora\.labelled: .*actors.*synthetic"):
        corpora_in_use(corpora("actors", synthetic={}, audformat={"actors": {}}), [])
