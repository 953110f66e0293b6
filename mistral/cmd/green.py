"""An executor on eventlet: thousands of actions that wait for input and output, in one process.

`mistral-server` turns into this program when it is to run such an executor. Eventlet replaces the
blocking parts of the standard library, which has to happen before anything else is imported; no
other process of the service is touched.
"""

import logging
import sys
import warnings

with warnings.catch_warnings(record=True):
    # It recommends other libraries.
    import eventlet

eventlet.monkey_patch()

# To find the name of a thread, eventlet goes through all of them, for each line of the log.
logging.logThreads = False

from mistral.cmd.launch import main  # noqa: E402 - see above

if __name__ == '__main__':
    sys.exit(main())
