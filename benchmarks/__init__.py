"""
Measurements: `python -m benchmarks` prints what this machine does.

Each figure stands beside a raw baseline of the same run, and the ratio is what to quote:
machines differ, and so does one machine from one hour to the next. Each story is a module of
its own with a line in `STORIES` (`__main__.py`).
"""
