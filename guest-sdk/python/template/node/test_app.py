"""Unit tests without the host: `PYTHONPATH=sdk python3 -m unittest`."""

import unittest

from jackfield import InvalidConfig
from jackfield.testing import run

from app import {{snake}}


class {{pascal}}(unittest.TestCase):
    def test_rows_at_or_below_the_number_are_dropped(self) -> None:
        rows = [{"delay": 90}, {"delay": 60}, {"delay": None}]
        self.assertEqual(run({{snake}}, rows, column="delay").rows, [{"delay": 90, "hours": 1.5}])

    def test_a_column_that_is_not_there(self) -> None:
        with self.assertRaises(InvalidConfig) as caught:
            run({{snake}}, [{"delay": 90}], column="dealy")
        self.assertEqual(caught.exception.help, "did you mean delay?")


if __name__ == "__main__":
    unittest.main()
