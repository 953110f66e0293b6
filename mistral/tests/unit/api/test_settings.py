"""What the configuration says about the API."""

import pytest
from oslo_config import cfg

from mistral import config
from mistral.api.settings import ApiSettings

MEBIBYTE = 1024 * 1024


@pytest.fixture
def settings_of(tmp_path):
    """Reads the text of a configuration file."""

    def read(text=''):
        path = tmp_path / 'mistral.conf'
        path.write_text(text)
        conf = config.load(['--config-file', str(path)], 'mistral', conf=cfg.ConfigOpts())
        return ApiSettings.from_config(conf)

    return read


def test_by_default_every_definition_that_can_be_stored_is_taken(settings_of):
    """The library's own default is less than a large definition has."""
    assert settings_of().max_body_bytes == 16 * MEBIBYTE


def test_operators_may_limit_bodies(settings_of, make_api):
    limit = settings_of('[oslo_middleware]\nmax_request_body_size = 1000\n').max_body_bytes
    api = make_api(max_body_bytes=limit)

    assert 'at most 1000 bytes' in api.fault('POST', '/v2/workflows', 413, text='x' * 1001)
    api.request('POST', '/v2/workflows/validate', status=200, text='x' * 1000)
    body = {'name': 'x' * 1000, 'variables': {}}
    assert 'at most 1000 bytes' in api.fault('POST', '/v2/environments', 413, json=body)
