"""What the text of a class tells about an action, without running any of it.

Engine and API have to know the parameters, the description and whether the action is synchronous.
They read them from the syntax tree of a code source. A base class is found if it stands in the same
source, or in a package that this process has imported already; nothing is imported for it.
"""

import ast
import functools
import inspect
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mistral_lib.actions import Action
from mistral_lib.utils.inspect_utils import get_arg_list_as_str, get_docstring

from mistral.actions.descriptors import Signature
from mistral.exceptions import ActionException

#: Outlines that a process keeps, those used last.
_MAX_OUTLINES: Final = 512

#: A class of the source, one that is imported, or (None) one that is not known here.
_Class: TypeAlias = ast.ClassDef | type | None


@dataclass(frozen=True, slots=True)
class ClassOutline:
    """`parameters` is the text that users see of the signature."""

    description: str | None
    parameters: str
    signature: Signature
    is_sync: bool


#: What is known of a constructor that cannot be seen: the executor will tell what is wrong.
_ANY_PARAMETERS: Final = ('**kwargs', Signature(is_open=True))


@functools.lru_cache(maxsize=_MAX_OUTLINES)
def outline_of(content: str, class_name: str) -> ClassOutline:
    """Read a class at the top level of a source.

    :raises ActionException: if the text is no Python, there is no such class, or its `is_sync`
        has to be run to know what it returns.
    """
    try:
        source = _Source(ast.parse(content, 'source'))
        lineage = list(source.lineage(class_name))
        parameters, signature = _constructor(lineage)
        return ClassOutline(_description(lineage), parameters, signature, _is_sync(lineage))
    except (SyntaxError, ValueError) as error:
        raise ActionException(f'It is not valid Python: {error}') from error
    except (RecursionError, MemoryError):
        raise ActionException('It is nested too deeply') from None


class _Source:
    """The names at the top level of a module: classes, and the paths of what is imported."""

    def __init__(self, tree: ast.Module) -> None:
        self._names: dict[str, ast.ClassDef | str] = dict(_bindings(tree.body))

    def lineage(self, class_name: str) -> Iterator[_Class]:
        """The class and all it inherits from, in the order in which members are looked up."""
        found = self._find(class_name)
        if found is None:
            raise ActionException(f"There is no class '{class_name}' at its top level")
        yield from self._lineage(found, [])

    def _lineage(self, cls: _Class, seen: list[_Class]) -> Iterator[_Class]:
        yield cls
        if isinstance(cls, ast.ClassDef):
            seen.append(cls)
            for base in cls.bases:
                found = self._find(ast.unparse(base))
                # A class that seems to be its own base hides an imported one of its name.
                yield from self._lineage(None if found in seen else found, seen)

    def _find(self, path: str) -> _Class:
        head, _, rest = path.partition('.')
        bound = self._names.get(head, f'builtins.{head}')
        if isinstance(bound, ast.ClassDef):
            return None if rest else bound
        module, _, name = (f'{bound}.{rest}' if rest else bound).rpartition('.')
        found = vars(sys.modules[module]).get(name) if module in sys.modules else None
        return found if isinstance(found, type) else None


def _bindings(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.ClassDef | str]]:
    for statement in body:
        match statement:
            case ast.ClassDef():
                yield statement.name, statement
            case ast.Import(names=names):
                for alias in names:
                    head = alias.name.partition('.')[0]
                    yield (alias.asname, alias.name) if alias.asname else (head, head)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for alias in names:
                    yield alias.asname or alias.name, f'{module}.{alias.name}'
            case ast.If(body=inner) | ast.Try(body=inner):
                yield from _bindings(inner)


def _description(lineage: Sequence[_Class]) -> str | None:
    for cls in lineage:
        text = ast.get_docstring(cls) if isinstance(cls, ast.ClassDef) else get_docstring(cls)
        if cls is None or text:
            return None if cls is None else text
    return None


def _constructor(lineage: Sequence[_Class]) -> tuple[str, Signature]:
    for cls in lineage:
        if isinstance(cls, type):
            init: Any = inspect.getattr_static(cls, '__init__')
            return get_arg_list_as_str(init), Signature.of_constructor(cls)
        # A decorator or a metaclass may bring a constructor along.
        if cls is None or cls.decorator_list or cls.keywords:
            return _ANY_PARAMETERS
        match _member(cls, '__init__'):
            case ast.FunctionDef(args=arguments):
                return _signature(arguments)
            case ast.stmt():
                return _ANY_PARAMETERS
    return '', Signature()


def _is_sync(lineage: Sequence[_Class]) -> bool:
    for cls in lineage:
        if cls is None:
            # Most actions are; the executor notices if this one is not.
            return True
        if isinstance(cls, type):
            if issubclass(cls, Action):
                return _is_sync_by_itself(cls)
            continue
        match _member(cls, 'is_sync'):
            case ast.FunctionDef(
                body=[*_, ast.Return(value=ast.Constant(value=bool(answer)))] as body
            ) if len(body) == 1 or (len(body) == 2 and _is_docstring(body[0])):
                return answer
            case ast.stmt():
                raise ActionException(
                    f"The method is_sync of class '{cls.name}' must consist of 'return True' or "
                    "'return False', because the engine does not run it"
                )
    return True


def _is_sync_by_itself(cls: Any) -> bool:
    """Ask a class of an installed package; it may need attributes that only an instance has."""
    try:
        return bool(cls.is_sync(cls.__new__(cls)))
    except Exception:  # noqa: BLE001 - the executor asks again
        return True


def _member(cls: ast.ClassDef, name: str) -> ast.stmt | None:
    """The statement of a class that gives a member its value."""
    found = None
    for statement in cls.body:
        match statement:
            case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound):
                is_wanted = bound == name
            case ast.Assign(targets=targets):
                is_wanted = any(isinstance(each, ast.Name) and each.id == name for each in targets)
            case ast.AnnAssign(target=ast.Name(id=bound), value=ast.expr()):
                is_wanted = bound == name
            case _:
                is_wanted = False
        found = statement if is_wanted else found
    return found


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _signature(arguments: ast.arguments) -> tuple[str, Signature]:
    """The parameters of a method without its first one, which is `self`."""
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *list(zip(positional, [*missing, *arguments.defaults], strict=True))[1:],
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    texts = [each.arg if value is None else f'{each.arg}={_text(value)}' for each, value in pairs]
    if arguments.kwarg:
        texts.append(f'**{arguments.kwarg.arg}')
    signature = Signature(
        tuple(each.arg for each, value in pairs if value is None),
        frozenset(each.arg for each, value in pairs if value is not None),
        arguments.kwarg is not None,
    )
    return ', '.join(texts), signature


def _text(default: ast.expr) -> str:
    """A default value as JSON if it is JSON data, else as it is written."""
    try:
        return json.dumps(ast.literal_eval(default))
    except (ValueError, TypeError):
        return ast.unparse(default)
