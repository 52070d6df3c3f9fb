import unittest
from unittest import mock
from xml.etree import ElementTree

from harness import chart, store, tables, targets


def turn(rate, cpu=1e-5):
    return {"rate": rate, "p50": 1e-3, "p99": 2e-3, "cpu": cpu, "database_cpu": 0.0, "memory": 20.0, "faults": 0}


RESULT = {
    "engine": "sqlite",
    "connections": 64,
    "rounds": 2,
    "seconds": 3,
    "facts": {"date": "2026-11-25", "commit": "abc", "machine": "two <cores>"},
    "scenarios": {"read": {"byline": [turn(90), turn(40)], "bare": [turn(100), turn(50)]}},
}


class Report(unittest.TestCase):
    def test_a_table_has_medians_and_ratios_round_by_round(self):
        table = tables.requests(RESULT)
        self.assertIn("| read one | **Byline** | 65.0 |", table)
        self.assertIn("0.85 (0.80–0.90)", table)

    def test_failed_requests_are_told(self):
        failed = {**turn(100), "faults": 3}
        result = {**RESULT, "scenarios": {"read": {"byline": [failed]}}}
        self.assertIn("(3 failed)", tables.requests(result))

    def test_a_target_that_is_missed_says_so(self):
        with mock.patch.object(store, "load", lambda piece: RESULT if piece == "requests-sqlite-64" else None):
            with mock.patch.object(store, "load_all", lambda prefix: []):
                found = list(targets.all_targets())
        rate, cpu = found
        self.assertTrue(rate.met)
        self.assertAlmostEqual(rate.seen, 0.85)
        self.assertTrue(cpu.met)
        missed = targets.Target(1, "read", 0.9, True, rate.seen)
        self.assertEqual(missed.cells()[-1], "**no**")

    def test_digits_are_three(self):
        self.assertEqual([tables.digits(value) for value in (0.8512, 12.34, 45612.3)], ["0.85", "12.3", "45,612"])

    def test_the_chart_is_well_formed(self):
        drawn = ElementTree.fromstring(chart.draw(RESULT))
        self.assertEqual(len(drawn.findall("{*}rect")), 1 + 2)


if __name__ == "__main__":
    unittest.main()
