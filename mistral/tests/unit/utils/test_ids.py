"""Ids are different, wherever they are made."""

import subprocess
import sys

# In a process of its own: forking one with threads is asking for trouble.
FORK = """
import os
from mistral.utils.ids import new_id
is_parent = os.fork()
os.write(1, f'{new_id()} '.encode())
if is_parent:
    os.wait()
"""


def test_forked_processes_have_ids_of_their_own():
    ended = subprocess.run([sys.executable, '-c', FORK], capture_output=True, text=True, check=True)
    assert len(set(ended.stdout.split())) == 2
