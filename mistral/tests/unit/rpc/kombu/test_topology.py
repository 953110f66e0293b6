"""Names and arguments of queues."""

from mistral.rpc.kombu import topology
from mistral.rpc.kombu.topology import Queues


def test_names():
    queues = Queues(quorum=False)
    assert queues.shared('t').name == 't.durable'
    assert queues.of_host('t', 'h').name == queues.name_for('t', 'h') == 't.h.durable'
    assert queues.own('t', 'x').name == queues.name_for('t', 'x') == 't.x.durable'


def test_quorum_queues_have_names_of_their_own():
    queues = Queues(quorum=True)
    for queue in (queues.shared('t'), queues.of_host('t', 'h'), queues.own('t', 'x')):
        assert queue.name.endswith('.quorum')
        assert queue.arguments['x-queue-type'] == 'quorum'


def test_what_is_left_in_an_own_queue_goes_to_the_shared_one_before_it_expires():
    queues = Queues(quorum=False)
    own = queues.own('t', 'x')
    assert own.gives_way
    assert own.arguments['x-dead-letter-exchange'] == ''
    assert own.arguments['x-dead-letter-routing-key'] == queues.shared('t').name
    assert own.arguments['x-message-ttl'] < own.arguments['x-expires']


def test_the_shared_queue_and_that_of_a_host_keep_to_themselves():
    queues = Queues(quorum=False)
    assert queues.shared('t').arguments == {}
    assert not queues.of_host('t', 'h').gives_way
    assert set(queues.of_host('t', 'h').arguments) == {'x-expires'}


def test_unique_names():
    assert topology.unique_name() != topology.unique_name()
    assert topology.reply_queue().name != topology.reply_queue().name
