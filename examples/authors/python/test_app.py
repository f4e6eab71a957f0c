"""Unit tests without the host: `python3 -m unittest`. The golden cases of all languages are in ../suite."""

import unittest

from jackfield import InvalidConfig, InvalidInput
from jackfield.testing import decode, encode, run

from app import Base64, phonetic


class Phonetic(unittest.TestCase):
    def test_keys(self):
        rows = run(phonetic, [{"name": "Robert"}, {"name": None}, {"name": "1"}], column="name").rows
        self.assertEqual([row["name_phonetic"] for row in rows], ["R163", None, ""])
        rows = run(phonetic, [{"name": "Thompson"}], column="name", algorithm="metaphone", into="key").rows
        self.assertEqual(rows, [{"name": "Thompson", "key": "0MPS"}])

    def test_wrong_columns(self):
        for column, code in [("nmae", "unknown-column"), ("id", "type-mismatch")]:
            with self.assertRaises(InvalidConfig) as caught:
                run(phonetic, [{"name": "a", "id": 1}], column=column)
            self.assertEqual((caught.exception.code, caught.exception.parameter), (code, "/column"))


class Lines(unittest.TestCase):
    def test_there_and_back_in_any_pieces(self):
        plain = bytes(range(256)) * 3
        for piece in (1, 5, 57, 4096):
            text = encode(Base64, plain, piece=piece)
            self.assertLessEqual(max(map(len, text.split(b"\n"))), 76)
            self.assertEqual(decode(Base64, text, piece=piece), plain)

    def test_wrong_bytes_are_named(self):
        for text, place in [(b"Zm9v*mFy", 4), (b"Z===", 1), (b"Zg==Zg==", 4), (b"Zh==", 1), (b"Zm9vYg", 6), (b"Zg=a", 3), (b"Zm9v=", 4)]:
            for piece in (1, 3, 100):
                with self.assertRaisesRegex(InvalidInput, f"at byte {place}$") as caught:
                    decode(Base64, text, piece=piece)
                self.assertEqual(caught.exception.offset, place)


if __name__ == "__main__":
    unittest.main()
