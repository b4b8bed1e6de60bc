# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Our pipes and programs that know nothing of this library; Windows only.

programs.py runs the programs peer_*.py, which speak what talk.py describes;
matrix.py is the table of who talks to whom, and test_foreign.py goes through it;
how often each row of it was passed stands in the end of pytest's output. The
other tests have our end in their own process (ours.py) and go through the calls
and rights that only some programs have.
"""
