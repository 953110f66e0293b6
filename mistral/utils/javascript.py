"""The interface of JavaScript engines."""

import abc
from typing import Any


class JSEvaluator(abc.ABC):
    """The interface of plugins under the entry point `mistral.js.implementation`.

    `[DEFAULT] js_implementation` names the one that is used; it is not instantiated.
    """

    @classmethod
    @abc.abstractmethod
    def evaluate(cls, script: str, context: Any) -> Any:
        """Run the body of a function that sees `context`, which is JSON data, as `$`.

        Returns what the script returns, as JSON data. Raises MistralException if the engine is not
        there, or anything that says what is wrong with the script.
        """
