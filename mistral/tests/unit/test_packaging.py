"""What an installed package consists of: entry points, data files, requirements, definitions."""

import ast
import configparser
import fnmatch
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from mistral_lib.actions.types import Result, ResultSerializer

import mistral
from mistral import states
from mistral.expressions.evaluation import Expressions
from mistral.expressions.options import DEFAULT_OPTIONS
from mistral.lang.parser import Parser
from mistral.workflow import states as plugin_states
from mistral.workflow import utils as plugin_utils

PACKAGE = Path(mistral.__file__).parent
ROOT = PACKAGE.parent

#: Requirements that something else than an import needs, with the reason.
NOT_IMPORTED = {'tzdata': 'time zones, where the operating system has none'}


@cache
def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=('=',))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / 'setup.cfg')
    return parser


def entry_points() -> Iterator[EntryPoint]:
    for group, text in setup_cfg()['options.entry_points'].items():
        for line in text.strip().splitlines():
            name, value = line.split(' = ')
            yield EntryPoint(name, value, group)


def normalized(distribution: str) -> str:
    return re.sub(r'[-_.]+', '-', distribution).lower()


def requirements() -> set[str]:
    return distributions((ROOT / 'requirements.txt').read_text())


def extras() -> set[str]:
    return set().union(*map(distributions, setup_cfg()['options.extras_require'].values()))


def distributions(requirements: str) -> set[str]:
    return {
        normalized(re.split(r'[\[<>=~! ]', line)[0])
        for line in requirements.splitlines()
        if line and not line.startswith('#')
    }


@cache
def imported_modules() -> frozenset[str]:
    """Top-level modules that the package imports, those of the standard library left out."""
    found = set()
    for path in PACKAGE.rglob('*.py'):
        if path.is_relative_to(PACKAGE / 'tests'):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition('.')[0])
    return frozenset(found - set(sys.stdlib_module_names) - {'mistral'})


@cache
def imported_distributions() -> frozenset[str]:
    owners = packages_distributions()
    return frozenset(
        normalized(owner) for module in imported_modules() for owner in owners.get(module, [module])
    )


@pytest.mark.parametrize('entry_point', list(entry_points()), ids=lambda e: f'{e.group}:{e.name}')
def test_entry_point_leads_to_an_object(entry_point: EntryPoint) -> None:
    assert callable(entry_point.load())


def test_what_is_imported_is_required() -> None:
    assert imported_distributions() - requirements() - extras() == set()


def test_what_is_required_is_imported() -> None:
    assert requirements() - imported_distributions() == set(NOT_IMPORTED)


def test_requirements_are_sorted() -> None:
    lines = (ROOT / 'requirements.txt').read_text().splitlines()[1:]
    assert lines == sorted(lines, key=str.lower)


def test_modules_are_packaged() -> None:
    folders = {path.parent for path in PACKAGE.rglob('*.py')}
    assert [folder for folder in folders if not (folder / '__init__.py').exists()] == []


def test_data_files_are_packaged() -> None:
    patterns = [
        pattern for text in setup_cfg()['options.package_data'].values() for pattern in text.split()
    ]
    left_out = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob('*')
        if path.is_file()
        and path.suffix not in {'.py', '.pyc'}
        and not path.is_relative_to(PACKAGE / 'tests')
        and not any(fnmatch.fnmatch(path.name, Path(pattern).name) for pattern in patterns)
    ]
    assert left_out == []


def plugins(group: str) -> dict[str, Any]:
    return {point.name: point.load() for point in entry_points() if point.group == group}


@pytest.fixture(scope='module')
def parser() -> Parser:
    functions = plugins('mistral.expression.functions')
    evaluators = {
        name: evaluator.configure(DEFAULT_OPTIONS, functions)
        for name, evaluator in plugins('mistral.expression.evaluators').items()
    }
    return Parser(Expressions(evaluators, DEFAULT_OPTIONS.allowed_languages))


def by_file_name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize(
    'path', sorted((PACKAGE / 'resources' / 'actions').glob('*.yaml')), ids=by_file_name
)
def test_shipped_action_is_valid(path: Path, parser: Parser) -> None:
    assert parser.parse_actions(path.read_text())


@pytest.mark.parametrize(
    'path',
    sorted((ROOT / 'doc' / 'source' / 'user' / 'examples').glob('*.yaml')),
    ids=by_file_name,
)
def test_example_of_the_documentation_is_valid(path: Path, parser: Parser) -> None:
    text = path.read_text()
    if '\nworkflows:' in text:
        assert parser.parse_workbook(text).workflows
    else:
        assert parser.parse_workflows(text)


def test_plugins_of_mistral_23_find_what_they_import() -> None:
    assert plugin_utils.Result is Result
    assert plugin_utils.ResultSerializer is ResultSerializer
    assert {plugin_states.RUNNING_DELAYED, *set(plugin_states.__all__) - {'RUNNING_DELAYED'}} == (
        states.ALL
    )
