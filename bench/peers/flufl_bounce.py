# SPDX-License-Identifier: MIT
"""flufl_bounce.py FOLDER: finds the failed addresses of all messages once from memory
and prints seconds of CPU time."""
import email
import os
import sys
import time

from flufl.bounce import all_failures

folder = sys.argv[1]
messages = []
for name in os.listdir(folder):
    with open(os.path.join(folder, name), 'rb') as file:
        messages.append(file.read())
start = time.process_time()
for message in messages:
    try:
        all_failures(email.message_from_bytes(message))
    except Exception:
        pass
print('%.3f' % (time.process_time() - start))
