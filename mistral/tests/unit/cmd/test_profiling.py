import logging
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from osprofiler import notifier, profiler, web

from mistral.cmd.profiling import PointLog, Profiler
from mistral.context import SYSTEM
from mistral.rpc.local import LocalTransport
from mistral.utils.futures import in_thread

START = '2026-01-02T03:04:05.000000'
IDS = {'base_id': 'b', 'parent_id': 'p', 'trace_id': 't'}


@pytest.fixture
def points():
    """Names of the points so far."""
    return []


@pytest.fixture
def tracing(points):
    conf = SimpleNamespace(
        profiler=SimpleNamespace(
            profiler_log_name='points', hmac_keys='KEY1,KEY2', trace_sqlalchemy=False
        )
    )
    before = notifier.get()
    tracing = Profiler(conf)
    notifier.set(lambda point: points.append(point['name']))
    yield tracing
    notifier.set(before)
    profiler.clean()


class TestLines:
    @pytest.fixture
    def lines(self, caplog):
        caplog.set_level(logging.INFO, 'points')
        return lambda: [record.getMessage() for record in caplog.records]

    @pytest.mark.parametrize(
        ('end', 'duration', 'mark'),
        [
            ('2026-01-02T03:04:05.012345', '0.012345', ''),
            ('2026-01-02T03:04:05.500000', '0.500000', ''),
            ('2026-01-02T03:04:06.500001', '1.500001', ' <- !!!'),
        ],
    )
    def test_the_end_of_a_point_has_its_duration(self, lines, end, duration, mark):
        log = PointLog(logging.getLogger('points'))
        log({**IDS, 'name': 'wsgi-start', 'timestamp': START})
        log({**IDS, 'name': 'wsgi-stop', 'timestamp': end})
        assert lines() == [
            f'{START}          b p t wsgi-start',
            f'{end} {duration} b p t wsgi-stop{mark}',
        ]

    def test_statements_come_without_their_parameters(self, lines):
        info = {'db': {'statement': 'SELECT :a', 'params': {'a': 'secret'}}}
        log = PointLog(logging.getLogger('points'))
        log({**IDS, 'name': 'db-start', 'timestamp': START, 'info': info})
        assert lines() == [f'{START}          b p t db-start {{"statement": "SELECT :a"}}']


class Endpoint:
    def __init__(self):
        self.callers = []

    def complete_action(self, caller, **arguments):
        self.callers.append(caller)
        done = Future()
        done.set_result(arguments)
        return done

    def start_workflow(self, caller):
        raise ValueError('no')


class TestCalls:
    @pytest.fixture
    def endpoint(self):
        return Endpoint()

    @pytest.fixture
    def transport(self, tracing, endpoint):
        local = LocalTransport()
        local.serve('engine', tracing.around_endpoint('engine', endpoint))
        return tracing.around_transport(local)

    def test_a_call_is_part_of_the_trace(self, transport, endpoint, points):
        profiler.init('KEY1')
        assert transport.call('engine', 'complete_action', SYSTEM, {'a': 1}) == {'a': 1}
        names = ('engine-client-on-action-complete', 'engine-on-action-complete')
        assert points == [
            f'{names[0]}-start', f'{names[1]}-start', f'{names[1]}-stop', f'{names[0]}-stop',
        ]  # fmt: skip
        assert endpoint.callers[0].trace is None

    def test_a_point_ends_with_an_error_too(self, transport, points):
        profiler.init('KEY1')
        with pytest.raises(ValueError, match='no'):
            transport.call('engine', 'start_workflow', SYSTEM, {})
        assert points[-2:] == ['engine-start-workflow-stop', 'engine-client-start-workflow-stop']

    def test_without_a_trace_there_are_no_points(self, transport, points):
        transport.call('engine', 'complete_action', SYSTEM, {})
        assert points == []

    def test_a_thread_that_waits_in_the_place_of_another_one_goes_on_with_its_trace(
        self, tracing, points
    ):
        class Starting:
            def start_action(self, caller):
                return in_thread('waits', lambda: transport.call('engine', 'a', caller, {}))

            def a(self, caller):
                return profiler.get()

        local = LocalTransport()
        local.serve('engine', tracing.around_endpoint('engine', Starting()))
        transport = tracing.around_transport(local)
        profiler.init('KEY1')
        transport.call('engine', 'start_action', SYSTEM, {})
        assert points[1:4] == [
            'engine-start-action-start',
            'engine-client-a-start',
            'engine-a-start',
        ]
        profiler.clean()
        assert transport.call('engine', 'start_action', SYSTEM, {}) is None

    def test_another_process_goes_on_with_the_trace_for_that_call_only(self, tracing, points):
        sent = []

        class Wire(LocalTransport):
            def cast(self, topic, method, caller, calls, *, server=None):
                sent.append(caller)

        profiler.init('KEY1', base_id='base')
        tracing.around_transport(Wire()).cast('executor', 'run_action', SYSTEM, [{}])
        far = tracing.around_endpoint('engine', Endpoint())

        def elsewhere():
            far.complete_action(sent[0])
            return profiler.get()

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(elsewhere).result() is None
        assert sent[0].trace['base_id'] == 'base'
        assert points[:2] == ['executor-client-run-action-start', 'executor-client-run-action-stop']
        assert points[2:] == ['engine-on-action-complete-start', 'engine-on-action-complete-stop']


class TestRequests:
    @pytest.fixture
    def request_with(self, tracing):
        def app(environ, start_response):
            start_response('200 OK', [])
            return [b'']

        traced = tracing.around_app(app)

        def request_with(headers):
            keys = {f'HTTP_{key.upper().replace("-", "_")}': headers[key] for key in headers}
            environ = {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/v2', 'SERVER_NAME': 's', **keys}
            environ |= {'SERVER_PORT': '80', 'wsgi.url_scheme': 'http', 'SCRIPT_NAME': ''}
            list(traced(environ, lambda status, headers: None))
            assert profiler.get() is None

        return request_with

    @pytest.mark.parametrize(('key', 'is_traced'), [('KEY2', True), ('OTHER', False)])
    def test_a_request_is_traced_if_a_known_key_has_signed_it(
        self, request_with, points, key, is_traced
    ):
        profiler.init(key)
        headers = web.get_trace_id_headers()
        profiler.clean()
        request_with(headers)
        assert points == (['wsgi-start', 'wsgi-stop'] if is_traced else [])

    def test_any_other_is_not(self, request_with, points):
        request_with({})
        assert points == []
