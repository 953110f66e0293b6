"""Dynamic actions as they run: classes in the texts of code sources.

The text of a source is a Python module. It travels with the action to an executor, and only there
it is run: neither an engine nor the API ever does, see `class_outline` for what they know.
"""

import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from mistral_lib.actions import Action

from mistral.exceptions import ActionException

#: Modules that a process keeps, those used last.
_MAX_MODULES: Final = 128


@dataclass(frozen=True, slots=True)
class CodeSource:
    """The text of a module; each update of it has a higher `version`."""

    id: str
    name: str
    version: int
    content: str

    def __str__(self) -> str:
        return f"code source '{self.name}', version {self.version}"


class DynamicAction(Action):
    """A class of a code source, and the parameters that it is to be made with.

    The class is not looked at before `run`.
    """

    def __init__(
        self,
        source: CodeSource,
        class_name: str,
        parameters: Mapping[str, Any],
        *,
        is_sync: bool = True,
    ) -> None:
        super().__init__()
        self.source = source
        self.class_name = class_name
        self.parameters = parameters
        self._is_sync = is_sync

    def is_sync(self) -> bool:
        return self._is_sync

    def run(self, context: Any) -> Any:
        """Make the action and run it.

        :raises ActionException: if the source has no such class. The code may raise anything.
        """
        action = _class_of(self.source, self.class_name)(**self.parameters)
        if isinstance(action, Action) and bool(action.is_sync()) != self._is_sync:
            raise ActionException(
                f"The engine cannot tell whether class '{self.class_name}' is synchronous "
                f'[{self.source}]: let the class itself have a method is_sync that consists of '
                "'return True' or 'return False'."
            )
        # What is no Action gets no context, as from `mistral.executors.runner`.
        return action.run(context if isinstance(action, Action) else None)

    @classmethod
    def get_serialization_key(cls) -> str:
        return 'mistral.actions.dynamic_action.DynamicAction'


def _class_of(source: CodeSource, name: str) -> Any:
    found = getattr(_module_of(source).load(), name, None)
    if not isinstance(found, type):
        raise ActionException(f"There is no class '{name}' [{source}]")
    return found


class _Module:
    """The module of a code source, run when it is needed, and once, whoever needs it first."""

    def __init__(self, source: CodeSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._module: ModuleType | None = None

    def load(self) -> ModuleType:
        with self._lock:
            if self._module is None:
                self._module = _execute(self._source)
            return self._module


@functools.lru_cache(maxsize=_MAX_MODULES)
def _module_of(source: CodeSource) -> _Module:
    return _Module(source)


def _execute(source: CodeSource) -> ModuleType:
    module = ModuleType(source.name)
    try:
        code = compile(source.content, f'<{source}>', 'exec', dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 - this is what dynamic actions are
    except Exception as error:
        raise ActionException(f'{error!r} while loading [{source}]') from error
    return module
