"""A process that serves Keystone; it prints its port as soon as it listens.

python -m mistral.tests.functional.auth.keystone_process --config-file=FILE
"""

from cheroot.wsgi import Server
from keystone.server import wsgi


def main() -> None:
    # Reads the command line by itself.
    application = wsgi.initialize_public_application()
    server = Server(('127.0.0.1', 0), application, numthreads=10, server_name='keystone')
    server.prepare()
    print(server.bind_addr[1], flush=True)
    server.serve()


if __name__ == '__main__':
    main()
