"""
Measurements: `python -m benchmarks` prints what this machine does.

Each figure stands beside a raw baseline of the same run, and the ratio is what to quote:
machines differ, and so does one machine from one hour to the next.
"""
