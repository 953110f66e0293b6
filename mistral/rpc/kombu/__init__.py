"""Calls over RabbitMQ that live until their effect is durable, or their answer is sent.

A message is published with a confirm of the broker and acknowledged after it has been handled, so
it is handled at least once: what a server had in hand when it died, another one gets, and
`caller.redelivered` says so. Duplicates are the price: of a message whose confirm was lost with
its connection, and of one whose acknowledgement was lost. Receivers cope with them. One that comes
back to the process that has it in hand, or had it lately, is not handled again.

From the wire up:

    settings      what the configuration says about the broker
    topology      queues: their names, arguments and how long they live
    connections   one connection: opened, read and written by one thread
    links         the thread that keeps a connection, and makes it again when it is lost
    outbox        messages to the broker, until it has confirmed them
    messages      what a call and its answer look like as messages
    client        calls and casts, and the answers to them
    deliveries    messages from the broker, until they are acknowledged
    intake        consumes the queues of a server
    server        handles the messages with an endpoint
    backend       puts these together for a process

Each connection belongs to one thread, which sleeps until the broker or another thread has
something for it. A process has one for all that it publishes and for the answers that it gets, and
one for each server.
"""

from oslo_service import backend

# oslo.messaging, whose options and URLs are used here, would load that of eventlet otherwise.
backend.register_backend_default_hook(lambda: backend.BackendType.THREADING)
