"""Unit tests without the host: `PYTHONPATH=sdk python3 -m unittest`."""

import unittest

from jackfield.testing import read, write

from app import {{pascal}}


class Format(unittest.TestCase):
    def test_lines_are_rows(self) -> None:
        rows, bad = read({{pascal}}, b"a=1 b=2\n\nb=3\noops\n", piece=3)
        self.assertEqual(rows, [{"a": "1", "b": "2"}, {"a": None, "b": "3"}])
        self.assertEqual(bad, ["`oops` is no key=value"])

    def test_only_what_is_demanded_is_read(self) -> None:
        self.assertEqual(read({{pascal}}, b"a=1 b=2\n", columns=["b"])[0], [{"b": "2"}])

    def test_rows_are_lines(self) -> None:
        self.assertEqual(write({{pascal}}, [{"a": "1", "n": 2}, {"a": None, "n": None}]), b"a=1 n=2\n\n")


if __name__ == "__main__":
    unittest.main()
