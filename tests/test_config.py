"""Presets, bounds, overrides: what is allowed is read, and what is not is named with key, value and bound."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from msgspec import inspect

from speechrnn.config import Config, parse_overrides, preset_names, preset_path
from speechrnn.errors import ConfigError
from speechrnn.settings import Span

PRESETS = ("cnn1d", "default", "dense", "digits", "gru", "lstm", "rnn", "rnn-relu", "strings", "tutorial")


def test_the_presets_are_those_of_the_readme() -> None:
    assert preset_names() == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_loads_and_survives_a_round_trip(name: str) -> None:
    config = Config.load(name)
    assert Config.parse(config.dump()) == config
    assert Config.load(preset_path(name)) == config


def test_presets_differ_from_the_default_in_every_group_they_name_and_from_each_other() -> None:
    default = Config.load("default")
    for name in PRESETS[:1] + PRESETS[2:]:
        for group in yaml.safe_load(preset_path(name).read_text()):
            assert getattr(Config.load(name), group) != getattr(default, group), (name, group)
    assert len({Config.load(name).dump() for name in PRESETS}) == len(PRESETS)


def test_tutorial_is_the_recipe_of_the_tutorials() -> None:
    config = Config.load("tutorial")
    assert (config.network.conv, config.network.hidden, config.network.pooling) == ((), (), "last")
    assert msgspec.to_builtins(config.network.recurrent) == {
        "cell": "lstm", "units": 50, "layers": 1, "bidirectional": False, "activation": "tanh",
    }  # fmt: skip
    assert (config.training.epochs, config.training.batch_size) == (10, 32)


def test_default_yaml_holds_every_key_with_a_comment_above() -> None:
    lines = preset_path("default").read_text().splitlines()
    written = yaml.safe_load("\n".join(lines))
    assert msgspec.convert(written, Config) == Config.load("default")
    keys = [i for i, line in enumerate(lines) if re.match(r"\s*\w+:", line)]
    # eight groups, of which that of strings is empty; the recurrent layer, seven parts of augmentation, rejection
    here = [leaf for leaf in leaves(inspect.type_info(Config)) if not leaf.path.startswith("strings.")]
    assert len(keys) == len(here) + 8 + 9
    for i in keys:
        assert lines[i - 1].strip().startswith("# "), lines[i]


def test_the_preset_of_strings_holds_every_key_of_theirs_with_a_comment_above() -> None:
    text = preset_path("strings").read_text()
    lines = text[text.index("\nstrings:") : text.index("\naugmentation:")].splitlines()
    keys = {line.split(":")[0].strip(): above for above, line in pairwise(lines) if re.match(r"  \w+:", line)}
    paths = [leaf.path for leaf in leaves(inspect.type_info(Config)) if leaf.path.startswith("strings.")]
    assert [f"strings.{key}" for key in keys] == paths
    assert all(above.strip().startswith("# ") for above in keys.values())


@dataclass(frozen=True)
class Leaf:
    """A key of the configuration and what msgspec knows of it."""

    path: str
    type: Any


def leaves(info: Any, path: str = "") -> Iterator[Leaf]:
    """Walk through the structs, down to what is no struct; of optional values, the value."""
    if isinstance(info, inspect.UnionType):
        [info] = [kind for kind in info.types if not isinstance(kind, inspect.NoneType)]
    if isinstance(info, inspect.StructType) and info.cls is not Span:  # a range stands on one line
        for field in info.fields:
            yield from leaves(field.type, f"{path}.{field.name}".lstrip("."))
    else:
        yield Leaf(path, info)


LEAVES = {leaf.path: leaf.type for leaf in leaves(inspect.type_info(Config))}


@dataclass(frozen=True)
class Outside:
    """A value that is just not allowed."""

    key: str
    value: float
    bound: str


def outside() -> Iterator[Outside]:
    for key, kind in LEAVES.items():
        if isinstance(kind, inspect.IntType | inspect.FloatType):
            whole = isinstance(kind, inspect.IntType)
            for name, sign, step in (("ge", ">=", -1), ("le", "<=", 1)):
                if (bound := getattr(kind, name)) is not None:
                    value = bound + step if whole else math.nextafter(bound, math.inf * step)
                    yield Outside(key, value, f"{sign} {bound}")
            for name, sign in (("gt", ">"), ("lt", "<")):
                if (bound := getattr(kind, name)) is not None:
                    yield Outside(key, bound, f"{sign} {bound}")


OUTSIDE = list(outside())


def test_every_number_has_both_bounds() -> None:
    numbers = [key for key, kind in LEAVES.items() if isinstance(kind, inspect.IntType | inspect.FloatType)]
    assert sorted(case.key for case in OUTSIDE) == sorted(numbers * 2)


@pytest.mark.parametrize("case", OUTSIDE, ids=lambda case: f"{case.key}={case.value}")
def test_a_value_just_outside_is_named_with_its_bound(case: Outside) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load("default", {case.key: case.value})
    message = str(caught.value)
    assert f"{case.key} is {case.value}" in message
    assert re.search(r"(>=|<=|>|<) \S+", message)
    assert case.bound in message


CLOSED = [case for case in OUTSIDE if case.bound.startswith((">=", "<="))]


@pytest.mark.parametrize("case", CLOSED, ids=lambda case: f"{case.key}{case.bound}")
def test_the_bound_itself_is_allowed_where_it_should_be(case: Outside) -> None:
    bound = float(case.bound.split()[1])
    value = int(bound) if isinstance(LEAVES[case.key], inspect.IntType) else bound
    try:
        Config.load("default", {case.key: value})
    except ConfigError as error:  # other keys may speak against it, its own bounds may not
        assert "Expected" not in str(error)  # noqa: PT017 -- most values raise nothing


WRONG = [math.nan, math.inf, -math.inf, "word", {"a": 1}, [2.5], 10**30, "\x00"]


@pytest.mark.parametrize("key", LEAVES)
@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_values_of_a_wrong_kind_are_named_with_their_key(key: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load("default", {key: value})
    assert re.search(rf"{re.escape(key.rpartition('.')[2])}\b", str(caught.value))
    assert "\n" not in str(caught.value)


MESSAGES = {
    "training: {epoch: 3}": "my.yaml: training.epoch is 3, but training has no key epoch; the nearest is epochs. "
    "Allowed are epochs, batch_size, learning_rate, schedule, clip_norm, patience, seed, final_rate, select, "
    "clips_per_epoch, balance, label_smoothing, reject_at, start_share, "
    "distillation, enough_loss.",
    "data: {rejection: {words: 0.6, noise: 0.4}}": "words, noise and broken are 1.08 together, allowed is less than 1",
    "trainng: {epochs: 3}": "my.yaml: trainng.epochs is 3, but there is no key trainng; the nearest is training. "
    "Allowed are audio, trim, features, network, training, augmentation, data, strings.",
    "xyz: {a: {b: 1, c: 2}}": "my.yaml: xyz.a is {'b': 1, 'c': 2}, but there is no key xyz. Allowed are audio, trim",
    "network: {conv: [{filtrs: 8, kernel_size: 3}]}": "network.conv[0].filtrs is 8, but network.conv[0] has no key "
    "filtrs; the nearest is filters. Allowed are filters, kernel_size, stride.",
    'training: {"a - at `$.b`\\n": 1}': r"training.a - at `$.b`\n is 1, but training has no key a -",
    "training: {epochs: 0}": "my.yaml: training.epochs is 0: Expected `int` >= 1",
    "training: {epochs: many}": "my.yaml: training.epochs is 'many': Expected `int`, got `str`",
    "training: 3": "my.yaml: training is 3, needed a mapping of epochs, batch_size, learning_rate, schedule",
    "network: {recurrent: 3}": "network.recurrent is 3, needed null or a mapping of cell, units, layers",
    "network: {recurrent: {cell: lstn}}": "my.yaml: network.recurrent.cell is 'lstn', allowed are gru, lstm, rnn",
    "network: {recurrent: {cell: 3}}": "my.yaml: network.recurrent.cell is 3, allowed are gru, lstm, rnn",
    "features: {normalization: full}": "features.normalization is 'full', allowed are both, mean, mean_variance, none",
    "network: {conv: [{filters: 8, kernel_size: 99}]}": "network.conv[0].kernel_size is 99: Expected `int` <= 63",
    "network: {conv: [{filters: 8}]}": "network.conv[0].kernel_size is missing. Needed are filters, kernel_size,",
    "network: {hidden: [8, 0]}": "my.yaml: network.hidden[1] is 0: Expected `int` >= 1",
    "network: {recurrent: null, pooling: last}": "network.pooling is last, allowed without recurrent layers are mean",
    "network: {recurrent: {activation: relu}}": "network.recurrent.activation is relu, allowed with cell: lstm is tanh",
    "features: {fmax: 4001}": "my.yaml: features.fmax is 4001, allowed is at most 4000, half of audio.sample_rate",
    "features: {fmin: 3000, fmax: 2000}": "fmin is 3000, allowed is less than fmax, which is 2000",
    "augmentation: {reverberation: {decay: {low: 0}}}": "decay.low is 0, allowed is more than 0",
    "features: {n_mfcc: 41}": "n_mfcc is 41, allowed is at most n_mels, which is 40",
    "features: {n_fft: 255}": "n_fft is 255, allowed are even numbers",
    "trim: {frame_length: 101}": "frame_length is 101, allowed are even numbers",
    "trim: {hop_length: 129}": "hop_length is 129, allowed is at most half of frame_length",
    "trim: {fmin: 5}": "fmin is 5, allowed is 0 for no filter, or at least 20",
    "- a": "found a list, needed a mapping",
    "just words": "found a str, needed a mapping",
    "a: [": "line 1, column 5: not YAML",
    "a: !!python/name:os.system x": "found the tag",
    "a: &a 1\nb: *a": "found an alias",
}


@pytest.mark.parametrize("text", MESSAGES)
def test_messages(tmp_path: Path, text: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Config.load(path)
    assert MESSAGES[text] in str(caught.value)


def test_an_override_that_leads_nowhere_is_named_whole() -> None:
    with pytest.raises(ConfigError, match=r"^--set: foo\.bar\.baz is 1, but there is no key foo\. Allowed are audio"):
        Config.load("default").override(parse_overrides(["foo.bar.baz=1"]))


def test_a_file_of_comments_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# later\n")
    assert Config.load(path) == Config.load("default")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("training.select", "best", "training.select is best, allowed with strings: last and average"),
        ("training.patience", 3, "training.patience is 3, allowed with strings is null"),
        ("training.enough_loss", 0.02, "training.enough_loss is 0.02, allowed with strings is null"),
        ("augmentation", None, "augmentation is null, needed for strings is that section"),
    ],
)
def test_of_strings_no_clip_chooses_so_none_can_be_asked_to(key: str, value: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Config.load("strings", {key: value})
    assert Config.load("strings", {"training.select": "average"}).training.chooses is False


def test_no_such_preset_lists_those_there_are(tmp_path: Path) -> None:
    for name in ("tutrial", str(tmp_path / "none.yaml"), "", "a\0b", str(tmp_path)):
        with pytest.raises(ConfigError, match=r"no such preset and no such file\. Presets: cnn1d, default"):
            Config.load(name)


def test_a_complete_configuration_must_be_complete() -> None:
    lines = Config.load("default").dump().splitlines()
    text = "\n".join(line for line in lines if "dropout" not in line)
    with pytest.raises(ConfigError, match=r"^config: network\.dropout is missing\. Needed are conv, .*dropout\b"):
        Config.parse(text)


def test_an_override_wins_and_leaves_the_rest() -> None:
    config = Config.load("gru", {"network.recurrent.units": 7, "training.clip_norm": None})
    assert config.network.recurrent is not None
    assert (config.network.recurrent.cell, config.network.recurrent.units, config.training.clip_norm) == (
        "gru",
        7,
        None,
    )
    assert Config.load("gru").override({"network.recurrent.units": 7, "training.clip_norm": None}) == config


def test_settings_are_read_as_yaml() -> None:
    settings = ["a.b=1e-3", "c=null", " d = [1, 2] ", "e=x=y", "f=", "g=no"]
    assert parse_overrides(settings) == {"a.b": 0.001, "c": None, "d": [1, 2], "e": "x=y", "f": None, "g": "no"}


@pytest.mark.parametrize("setting", ["epochs", "=3", " =3", "a=[", "a=*x", "a=!!int 3"])
def test_a_setting_that_is_none_is_named(setting: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--set {setting}: ")):
        parse_overrides([setting])


@pytest.mark.parametrize("key", ["training..epochs", ".training", "training.", "training.epochs.x", "nothing.at.all"])
def test_a_key_path_that_leads_nowhere_is_refused(key: str) -> None:
    with pytest.raises(ConfigError):
        Config.load("default", {key: 3})


def test_the_schema_knows_every_key_and_bound() -> None:
    schema = msgspec.json.schema(Config)["$defs"]
    for key, kind in LEAVES.items():
        *_, group, name = ("", *key.split("."))
        owner = "FeatureConfig" if group == "features" else f"{group.title()}Config"
        described = schema[owner]["properties"][name]
        options = described.get("anyOf", [described])
        bounds = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
        for ours, theirs in bounds.items():
            if (bound := getattr(kind, ours, None)) is not None:
                assert any(option.get(theirs) == bound for option in options), (key, theirs)
    assert all(part.get("additionalProperties") is False for part in schema.values())
