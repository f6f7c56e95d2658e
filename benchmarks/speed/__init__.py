"""How fast the same work is done by planner's engine and by every other way to do it, on one machine.

python -m benchmarks.speed --help
"""
