"""What ARCHITECTURE.md promises of the code, read from the code."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from numpydoc.validate import validate  # type: ignore[import-untyped]  # it has no types

import speechrnn
from speechrnn.cli.group import COMMANDS

ROOT = Path(speechrnn.__file__).parent
PATHS = sorted(ROOT.rglob("*.py"))
HEAVY = {
    "tensorflow", "keras", "librosa", "onnx", "sklearn", "scipy", "safetensors", "numba",
    "matplotlib", "av", "ray", "pyarrow", "pooch", "sounddevice", "espeakng_loader", "hibari",
}  # fmt: skip
# who may import whom: only what stands further left, or the same room
ORDER = [
    {"text", "progress"},
    {"errors"},
    {
        "runtime",
        "extras",
        "homes",
        "thresholds",
        "storage",
        "crew",
        "tethered",
        "yaml",
        "presets",
        "settings",
        "patterns",
    },
    {"conversion", "decoding", "string_settings", "augmentation_settings"},
    {"config", "places", "belief", "high_pass"},
    {"readings"},
    {"waveform", "figures", "background", "timing", "cost", "sphinx"},
    {"segmenting", "resampling", "evening"},
    {"media"},
    {"recordings"},
    {"blocks"},
    {"microphone"},
    {"audio", "metadata", "transcript"},
    {"utterances", "rehearsal"},
    {"bundle", "noise"},
    {"vacancy"},
    {"corpus"},
    {"adaptation", "prompts", "acceptance"},
    {"dictation"},
    {"engine"},
    {"string_engine", "second_ear"},
    {"speeds"},
    {"string_recognizer"},
    {"recognizer", "transcriber", "history"},
    {"ears"},
    {"streaming"},
    {"audition"},
    {"batch", "parquet", "significance", "markup", "calibration_error"},
    {"robustness", "cluster"},
    {"scores", "folds", "fold_plan"},
    {"suspects", "fold_starts"},
    {"certainty", "noise_sweep"},
    {"evaluation", "string_scores"},
    {"string_evaluation"},
    {"fold_claim"},
    {"crossvalidation"},
    {"learning_curve"},
    {"comparison"},
    {"certainty_summary"},
    {"summary"},
    {"plots"},
    {"fold_plots", "certainty_plots"},
    {"report", "schemas", "benchmark"},
    {"yardsticks"},
    {"training"},
    {"cli"},
    {"__main__"},
]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text()) for path in PATHS}


@dataclass(frozen=True)
class Import:
    """One imported module, and whether it is imported as soon as its importer is."""

    name: str
    level: int
    at_once: bool


def imports(tree: ast.Module) -> Iterator[Import]:
    inside = {id(node) for function in functions(tree) for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, 0, id(node) not in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield Import(below if below in TREES else str(node.module), node.level, id(node) not in inside)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def test_modules_are_short() -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in PATHS}
    assert {path: length for path, length in lengths.items() if length > 260} == {}


@pytest.mark.parametrize("module", TREES)
def test_onnxruntime_is_told_to_keep_quiet_before_anybody_imports_it(module: str) -> None:
    names = {found.name.split(".")[0] for found in imports(TREES[module])}
    assert module == "speechrnn.runtime" or "onnxruntime" not in names


@pytest.mark.parametrize("module", TREES)
def test_functions_are_short(module: str) -> None:
    for function in functions(TREES[module]):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        length = body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]
        assert length <= 50, function.name


def test_imports_go_one_way() -> None:
    place = {name: i for i, names in enumerate(ORDER) for name in names}
    wrong = []
    for module, tree in TREES.items():
        if module == "speechrnn":
            continue
        for found in imports(tree):
            if found.name.partition(".")[0] != "speechrnn" or found.name == "speechrnn":
                continue
            ours, theirs = room(module), room(found.name)
            if ours != theirs and place[theirs] >= place[ours] and not beside(module, found):
                wrong.append(f"{module} imports {found.name}")
    assert wrong == []


def beside(module: str, found: Import) -> bool:
    """Modules of one step may import each other, as long as there is no cycle (the next test)."""
    step = next(names for names in ORDER if room(module) in names)
    return room(found.name) in step


def test_no_cycles_not_even_inside_functions() -> None:
    graph = {
        module: {found.name for found in imports(tree) if found.name in TREES and found.name != module}
        for module, tree in TREES.items()
        if module != "speechrnn"
    }
    # a package's __init__ imports its modules: that they are in it is no cycle
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for other in sorted(graph.get(module, ())):
                visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("module", TREES)
def test_imports_are_absolute_and_light(module: str) -> None:
    for found in imports(TREES[module]):
        assert found.level == 0
        if not module.startswith("speechrnn.training"):
            assert found.name.partition(".")[0] not in HEAVY, "use speechrnn.extras.require inside the function"


def test_the_command_line_starts_without_the_heavy_room() -> None:
    """The rest of `cli` may import it as soon as a command runs, and no other room ever at once."""
    starts = [name for name in TREES if not name.startswith(("speechrnn.training", "speechrnn.cli."))]
    commands = [f"speechrnn.cli.{name}" for name in COMMANDS]
    reached, waiting = set(), [*starts, "speechrnn.cli.commands", *commands]
    while waiting:
        module = waiting.pop()
        reached.add(module)
        waiting += {found.name for found in imports(TREES[module]) if found.at_once and found.name in TREES} - reached
    assert [module for module in sorted(reached) if module.startswith("speechrnn.training")] == []
    assert len(reached) > len(starts) + 5


# the functions that may catch everything
CATCH_ALL = {
    ("speechrnn.cli.group", "invoke"),  # turns errors into an exit status
    ("speechrnn.streaming", "hear"),  # answers first and raises it again; blocks come from anybody's iterator
    ("speechrnn.batch", "lend_fsspec"),  # file systems of other packages, whose errors have no parent in common
}


@pytest.mark.parametrize("module", TREES)
def test_nothing_is_hidden_swallowed_or_asserted(module: str) -> None:
    boundaries = {
        id(node)
        for function in functions(TREES[module])
        if (module, function.name) in CATCH_ALL
        for node in ast.walk(function)
    }
    for node in ast.walk(TREES[module]):
        assert not isinstance(node, ast.Assert)
        assert not (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING")
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            for kind in caught:
                assert kind is not None, "a bare except"
                assert id(node) in boundaries or not (
                    isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}
                )


@pytest.mark.parametrize("module", [name for name in TREES if not name.startswith("speechrnn.cli")])
def test_libraries_are_silent(module: str) -> None:
    for node in ast.walk(TREES[module]):
        assert not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")


def test_no_room_without_a_name() -> None:
    forbidden = {"utils", "util", "helpers", "common", "misc", "tools"}
    assert [path for path in PATHS if path.stem in forbidden or path.parent.name in forbidden] == []


PUBLIC = [
    (module, node.name)
    for module, tree in TREES.items()
    if not module.startswith(("speechrnn.cli", "speechrnn.__main__"))
    for node in tree.body
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
]
# what an argument of a wrong docstring would break: names, types, order, returns, a summary of one line
CHECKS = {
    "GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL10",
    "SS02", "SS03", "SS04", "SS06",
    "PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR10", "RT01", "RT03", "YD01",
}  # fmt: skip


@pytest.mark.parametrize("module", sorted({module for module, _ in PUBLIC}))
def test_public_functions_have_complete_docstrings(module: str) -> None:
    loaded: ModuleType = importlib.import_module(module)
    wrong = []
    for name in (name for owner, name in PUBLIC if owner == module):
        thing = getattr(loaded, name)
        if not inspect.isfunction(thing) and not inspect.isclass(thing):
            thing = inspect.unwrap(thing)
        for code, message in validate(f"{module}.{name}")["errors"]:
            # a class says what it is; its fields are types that explain themselves, or stand in default.yaml
            if code in CHECKS and not (inspect.isclass(thing) and code.startswith("PR")):
                wrong.append(f"{name}: {code} {message}")
    assert wrong == []


def test_import_costs_nothing() -> None:
    code = """
import sys
before = set(sys.modules)
import speechrnn, json
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    found = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert found - set(sys.stdlib_module_names) - {"speechrnn"} == set()
    assert [name for name in json.loads(done.stdout) if name.startswith("speechrnn.")] == []


@pytest.mark.parametrize("name", speechrnn.__all__)
def test_every_public_name_is_there_and_comes_from_its_module(name: str) -> None:
    found = getattr(speechrnn, name)
    assert name in dir(speechrnn)
    if name != "__version__":
        assert found.__module__.startswith("speechrnn.")
        assert found.__doc__


def test_other_names_are_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'listne'"):
        speechrnn.listne  # noqa: B018
