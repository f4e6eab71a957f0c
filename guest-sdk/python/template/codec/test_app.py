"""Unit tests without the host: `PYTHONPATH=sdk python3 -m unittest`."""

import unittest

from jackfield import InvalidInput
from jackfield.testing import decode, encode

from app import {{pascal}}


class Codec(unittest.TestCase):
    def test_there_and_back_in_any_pieces(self) -> None:
        plain = bytes(range(256))
        for piece in (1, 7, 1000):
            text = encode({{pascal}}, plain, piece=piece)
            self.assertEqual(len(text), 2 * 256 + 8)
            self.assertEqual(decode({{pascal}}, text, piece=piece), plain)

    def test_wrong_digits_are_named(self) -> None:
        for piece in (1, 3, 100):
            with self.assertRaises(InvalidInput) as caught:
                decode({{pascal}}, b"4a 6x", piece=piece)
            self.assertEqual((caught.exception.code, caught.exception.offset), ("invalid-digit", 4))


if __name__ == "__main__":
    unittest.main()
