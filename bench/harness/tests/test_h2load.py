import tempfile
import unittest
from pathlib import Path

from harness import h2load


class Log(unittest.TestCase):
    def test_what_was_served_and_what_was_refused_are_told_apart(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            log.write_text("1\t200\t4000\n2\t503\t100\n3\t503\t300\n4\t201\t2000\n5\t-1\t9\n")
            seen = h2load.read(log, 2)
        self.assertEqual(seen.answers, {200: 1, 503: 2, 201: 1, -1: 1})
        self.assertEqual(seen.sent, 2.5)
        self.assertEqual((seen.served_p50, seen.served_p99), (0.002, 0.004))
        self.assertEqual((seen.refused_p50, seen.refused_p99), (0.0001, 0.0003))


if __name__ == "__main__":
    unittest.main()
