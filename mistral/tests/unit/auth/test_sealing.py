"""What is stored about callers cannot be read without the pass phrase."""

import pytest
from oslo_config import cfg

from mistral import config
from mistral.auth.sealing import Sealer, sealer_from

TEXT = 'gAAAAABtoken, and {"a": "catalog"}'


@pytest.fixture
def conf():
    conf = cfg.ConfigOpts()
    config.register(conf)
    conf([])
    return conf


def test_sealed_text_is_opened_by_the_same_pass_phrase():
    sealed = Sealer(['one']).seal(TEXT)
    assert Sealer(['one']).open(sealed) == TEXT
    assert TEXT not in sealed
    assert 'token' not in sealed


def test_new_pass_phrase_in_front_of_the_old_one():
    old = Sealer(['old']).seal(TEXT)
    both = Sealer(['new', 'old'])
    assert both.open(old) == TEXT
    assert Sealer(['new']).open(both.seal(TEXT)) == TEXT


@pytest.mark.parametrize('other', [Sealer(['two']), Sealer()])
def test_other_pass_phrase(other):
    assert other.open(Sealer(['one']).seal(TEXT)) is None


def test_damaged_text():
    sealed = Sealer(['one']).seal(TEXT)
    assert Sealer(['one']).open(sealed[:-10]) is None


def test_without_a_pass_phrase_texts_stay_as_they_are():
    assert Sealer().open(Sealer().seal(TEXT)) == TEXT
    assert Sealer(['later']).open(Sealer().seal(TEXT)) == TEXT


def service_user(conf):
    conf.set_override('auth_type', 'password', 'keystone_authtoken')
    sealer_from(conf)  # registers the options of that type
    conf.set_override('auth_url', 'http://keystone', 'keystone_authtoken')
    conf.set_override('password', 'of the service', 'keystone_authtoken')


def test_password_of_the_service_user_is_the_pass_phrase(conf):
    service_user(conf)
    assert sealer_from(conf).open(Sealer(['of the service']).seal(TEXT)) == TEXT


def test_pass_phrases_of_the_operator_come_first(conf):
    service_user(conf)
    conf.set_override('encryption_keys', ['own'], 'credentials')
    assert sealer_from(conf).open(Sealer(['own']).seal(TEXT)) == TEXT
    assert sealer_from(conf).open(Sealer(['of the service']).seal(TEXT)) is None


def test_who_has_no_pass_phrase_is_told(conf, caplog):
    assert sealer_from(conf).seal(TEXT) == f'plain:{TEXT}'
    assert '[credentials] encryption_keys' in caplog.text


def test_nobody_is_told_without_authentication(conf, caplog):
    conf.set_override('auth_enable', False, 'pecan')
    sealer_from(conf)
    assert caplog.text == ''
