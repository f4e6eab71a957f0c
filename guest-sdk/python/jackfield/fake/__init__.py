"""A stand-in for the host, in plain Python and row by row: for the unit tests of plugins, which run without the host.

It knows the types, operators and functions that plugins use most. What it does not know it says; `jackfield plugin test`
runs the same plugin in the real host.
"""
