"""Default places, names, and the pointer to the model trained last."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from speechrnn.errors import BundleError, HomeError
from speechrnn.homes import cache_home, data_home, is_in_model_home, model_home
from speechrnn.metadata import METADATA
from speechrnn.places import (
    UNFINISHED,
    begun_model_path,
    choose_model_path,
    find_model,
    new_model_path,
    remember_model,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("SPEECHRNN_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("speechrnn.places._PRETRAINED", tmp_path / "shipped")
    return home


def test_a_file_of_that_name_hides_no_model(tmp_path: Path) -> None:
    (tmp_path / "shipped" / "digits").mkdir(parents=True)
    (tmp_path / "digits").touch()
    assert find_model() == find_model("digits") == tmp_path / "shipped" / "digits"
    with pytest.raises(BundleError, match="is a file, needed the folder of a model"):
        find_model("./digits")


def test_folders_follow_the_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert (data_home(), cache_home()) == (home, home / "cache")
    monkeypatch.delenv("SPEECHRNN_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/d")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert (data_home(), cache_home()) == (Path("/d/speechrnn"), Path("/c/speechrnn"))
    monkeypatch.setenv("XDG_DATA_HOME", "")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert (data_home(), cache_home()) == (Path("/h/.local/share/speechrnn"), Path("/h/.cache/speechrnn"))


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as a user whom the system does not know, as in many containers."""

    def fail(uid: int) -> None:
        raise KeyError(uid)

    for name in ("SPEECHRNN_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", fail)


@pytest.mark.usefixtures("no_home")
def test_a_user_without_a_home_needs_none_for_what_ships_or_has_a_path(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model yet"):
        find_model()
    for folder in (tmp_path / "shipped" / "digits", tmp_path / "mine"):
        folder.mkdir(parents=True)
        (folder / METADATA).touch()
    assert find_model() == find_model("digits") == tmp_path / "shipped" / "digits"
    assert find_model("./mine") == Path("mine")
    with pytest.raises(BundleError, match=r"^a\\nzo\\xeb: no such bundle"):
        find_model("a\nzo\udceb")
    with pytest.raises(BundleError, match=r"^digit: no such bundle; models are digits\. Needed"):
        find_model("digit")
    remember_model(tmp_path / "mine")
    assert not is_in_model_home(tmp_path / "mine")
    assert not (tmp_path / "latest").exists()


@pytest.mark.usefixtures("no_home")
def test_where_a_home_is_needed_a_sentence_says_what_to_set() -> None:
    needy: list[Callable[[], object]] = [data_home, cache_home, model_home]
    needy += [partial(new_model_path, "gru"), partial(begun_model_path, "gru")]
    for needs_one in needy:
        with pytest.raises(HomeError, match=r"^this user has no home folder \(.*Name a folder .*: SPEECHRNN_HOME="):
            needs_one()


def test_without_any_model_one_sentence_says_how_to_get_one() -> None:
    for model in (None, "digits"):
        with pytest.raises(BundleError, match=r"no model yet.*speechrnn train"):
            find_model(model)
    with pytest.raises(BundleError, match=r"^mine: no such bundle\. Needed"):
        find_model("mine")


def test_new_models_are_numbered_and_the_last_is_found(home: Path) -> None:
    for number in (1, 2, 3):
        path = new_model_path("gru")
        assert path == home / "models" / f"gru-{number}"
        path.mkdir(parents=True)
        remember_model(path)
        assert find_model() == path
    (home / "models" / "gru-2").rmdir()
    assert new_model_path("gru").name == "gru-2"
    (home / "models" / "gru-2.unfinished").mkdir()
    assert new_model_path("gru").name == "gru-4"
    assert new_model_path("lstm").name == "lstm-1"


def test_a_path_goes_before_a_shipped_model_before_an_own_one(home: Path, tmp_path: Path) -> None:
    own, shipped, path = home / "models" / "digits", tmp_path / "shipped" / "digits", tmp_path / "digits"
    for folder, without_name in ((own, own), (shipped, shipped), (path, shipped)):
        folder.mkdir(parents=True)
        (folder / METADATA).touch()
        assert find_model("digits").resolve() == folder
        assert find_model() == without_name  # a folder that happens to lie here was not asked for


def test_a_shipped_model_goes_before_the_last_trained(home: Path, tmp_path: Path) -> None:
    (home / "models" / "default-1").mkdir(parents=True)
    remember_model(home / "models" / "default-1")
    assert find_model() == find_model("digits") == home / "models" / "default-1"
    (tmp_path / "shipped" / "digits").mkdir(parents=True)
    assert find_model() == tmp_path / "shipped" / "digits"


@pytest.mark.parametrize("pointer", ["..", ".", "", "../x", "/etc", "a/../../x", "gone", "a/b", "\0", "x\ny", b"\xff"])
def test_a_pointer_out_of_the_folder_is_not_followed(home: Path, pointer: str | bytes) -> None:
    (home / "models" / "a" / "b").mkdir(parents=True)
    (home / "x").mkdir()
    (home / "models" / "latest").write_bytes(pointer.encode() if isinstance(pointer, str) else pointer)
    with pytest.raises(BundleError, match="no model yet"):
        find_model()


def test_a_folder_of_recordings_is_no_model_of_its_name(home: Path, tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    with pytest.raises(BundleError, match=r"^words: is no model: it holds no metadata\.json"):
        find_model("words")
    (home / "models" / "words").mkdir(parents=True)
    assert find_model("words") == find_model(Path("words")) == home / "models" / "words"
    for path in ("./words", f"{tmp_path}/words"):  # who gives a path means it
        with pytest.raises(BundleError, match=r"words: is no model: it holds no metadata\.json"):
            find_model(path)
    (tmp_path / "words" / METADATA).touch()
    for path in ("words", "./words", f"{tmp_path}/words"):
        assert find_model(path).resolve() == tmp_path / "words"


def test_a_file_of_a_model_leads_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for name in (METADATA, "model.onnx"):
        (tmp_path / "mine" / name).touch()
    with pytest.raises(BundleError, match=r"^mine/model\.onnx: is a file, .* Give its folder, mine\.$"):
        find_model("mine/model.onnx")
    (tmp_path / "six.wav").touch()
    with pytest.raises(BundleError, match=r"^six\.wav: is a file, needed the folder of a model\. Give a folder\.$"):
        find_model("six.wav")


def test_a_wrong_name_lists_the_models_nearest_first(home: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "shipped" / "digits", home / "models" / "rnn-1", home / "models" / "lstm-12"):
        folder.mkdir(parents=True)
        (folder / METADATA).touch()
    (home / "models" / f"rnn-2{UNFINISHED}").mkdir()
    with pytest.raises(BundleError, match=r"^rnn-2: no such bundle; models are rnn-1, lstm-12, digits\. Needed"):
        find_model("rnn-2")
    with pytest.raises(BundleError, match=r"^digit: no such bundle; models are digits, "):
        find_model("digit")
    for i in range(20):
        (home / "models" / f"gru-{i}").mkdir()
        (home / "models" / f"gru-{i}" / METADATA).touch()
    with pytest.raises(BundleError, match=r"^rnn: no such bundle; models are rnn-1, (\S+, ){6}\S+ and 15 more\."):
        find_model("rnn")


def test_a_path_is_never_looked_up_by_name(home: Path) -> None:
    (home / "models" / "a" / "b").mkdir(parents=True)
    with pytest.raises(BundleError, match=r"^\.: is no model"):
        find_model(".")
    Path(METADATA).touch()
    assert find_model(".") == Path()
    for name in ("a/b", "./a", "a/../a"):
        with pytest.raises(BundleError, match="no such bundle"):
            find_model(name)


@pytest.mark.parametrize("name", ["[ab]", "*", "a?c"])
def test_a_name_is_no_pattern(home: Path, name: str) -> None:
    (home / "models" / f"{name}-1").mkdir(parents=True)
    (home / "models" / f"{name}-2{UNFINISHED}").mkdir()
    (home / "models" / f"abc-7{UNFINISHED}").mkdir()
    assert new_model_path(name).name == f"{name}-3"
    assert begun_model_path(name) == home / "models" / f"{name}-2"


def test_an_unfinished_training_is_found_by_its_whole_name(home: Path) -> None:
    (home / "models" / f"rnn-relu-1{UNFINISHED}").mkdir(parents=True)
    assert begun_model_path("rnn") is None
    assert begun_model_path("rnn-relu") == home / "models" / "rnn-relu-1"


def test_who_goes_on_goes_on_with_what_was_begun_last(home: Path) -> None:
    begun = home / "models" / f"gru-1{UNFINISHED}"
    begun.mkdir(parents=True)
    for config in ("gru", Path("mine/gru.yaml"), "gru.yaml"):
        assert choose_model_path(config, resume=True) == home / "models" / "gru-1"
        assert choose_model_path(config, resume=False) == home / "models" / "gru-2"
    # nothing of that name was begun
    assert choose_model_path("lstm", resume=True) == home / "models" / "lstm-1"
    assert choose_model_path(None, resume=True) == home / "models" / "digits-1"


def test_only_a_model_in_the_default_place_is_remembered(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (home / "models" / "rnn-1").mkdir(parents=True)
    remember_model(model_home() / "rnn-1")
    remember_model(tmp_path / "elsewhere")
    assert find_model() == home / "models" / "rnn-1"
    assert not (tmp_path / "latest").exists()
