"""`std.javascript` with a real engine."""

import resource
from typing import Any

import pytest

from mistral.exceptions import ActionException
from mistral.tests.functional.actions.conftest import Override, Run


@pytest.mark.parametrize('action', ['std.javascript', 'std.js'])
def test_both_names(run: Run, action: str) -> None:
    assert run(action, script='return $.a + $.b', context={'a': 40, 'b': 2}) == 42


@pytest.mark.parametrize(
    ('script', 'context', 'result'),
    [
        ('return 1.5', None, 1.5),
        ('return "grüße \\u2028"', None, 'grüße \u2028'),
        ('return true', None, True),
        ('return null', None, None),
        ('1 + 1', None, None),
        ('return {a: [1, {b: $.c}]}', {'c': None}, {'a': [1, {'b': None}]}),
        ('return $', None, None),
        ('return $', ['x', {'"': '</script>\u2028'}], ['x', {'"': '</script>\u2028'}]),
        ('const f = x => x * 2\n// the last line is a comment\nreturn f($)', 4, 8),
    ],
)
def test_results(run: Run, script: str, context: Any, result: Any) -> None:
    assert run('std.js', script=script, context=context) == result


@pytest.mark.parametrize(
    ('script', 'message'),
    [
        ('return missing', 'ReferenceError: missing is not defined'),
        ('return (', 'SyntaxError'),
        ('throw new Error("no way")', 'Error: no way'),
        ('return require("fs")', 'ReferenceError: require is not defined'),
    ],
)
def test_errors(run: Run, script: str, message: str) -> None:
    with pytest.raises(ActionException, match=f'(?s)^JavaScriptAction failed: .*{message}'):
        run('std.js', script=script)


class TestLimits:
    def test_a_script_without_end(self, run: Run, override: Override) -> None:
        override('action_std_javascript', timeout=1)
        with pytest.raises(ActionException, match='does not end within 1 seconds'):
            run('std.js', script='while (true);')

    @pytest.mark.parametrize(
        ('script', 'message'),
        [
            (
                'const a = []; while (true) a.push("x".repeat(1000) + a.length)',
                'needs more than 32 megabytes of memory',
            ),
            (
                'const a = []; while (true) a.push(new Uint8Array(50000000).fill(1))',
                'allocation failed|has crashed; the script may need more memory',
            ),
            (
                'return "x".repeat(5e8).split("").length',
                'has crashed; the script may need more memory',
            ),
        ],
        ids=['heap', 'outside of the heap', 'one that ends its process'],
    )
    def test_a_script_that_wants_all_memory(
        self, run: Run, override: Override, script: str, message: str
    ) -> None:
        override('action_std_javascript', memory_limit_mb=32)
        with pytest.raises(ActionException, match=message):
            run('std.js', script=script)

    def test_no_limits(self, run: Run, override: Override) -> None:
        override('action_std_javascript', timeout=0, memory_limit_mb=0)
        assert run('std.js', script='return 1') == 1

    def test_a_limit_for_the_service_is_not_one_for_scripts(self, run: Run) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, hard))
        try:
            assert run('std.js', script='return 1') == 1
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class TestEngines:
    @pytest.mark.parametrize(
        ('name', 'message'),
        [
            ('pyv8', 'PyV8 module is not available. Please install PyV8. .*py_mini_racer'),
            ('v8eval', 'v8eval module is not available. Please install v8eval. .*py_mini_racer'),
            ('rhino', "js_implementation = 'rhino' is not installed. There are: py_mini_racer,"),
        ],
    )
    def test_that_cannot_be_used(
        self, run: Run, override: Override, name: str, message: str
    ) -> None:
        override('DEFAULT', js_implementation=name)
        with pytest.raises(ActionException, match=message):
            run('std.js', script='return 1')

    def test_that_is_not_installed(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
        message = r'PyMiniRacer module is not available. Please install .*mistral\[javascript\]'
        with pytest.raises(ActionException, match=message):
            run('std.js', script='return 1')
