import unittest

from harness.figures import Spread, percentile, ratios


class Figures(unittest.TestCase):
    def test_a_spread_is_median_and_extremes(self):
        self.assertEqual(Spread.of([3.0, 1.0, 10.0]), Spread(3.0, 1.0, 10.0))
        self.assertEqual(Spread.of([1.0, 2.0]), Spread(1.5, 1.0, 2.0))

    def test_ratios_are_those_of_each_round(self):
        # The machine was half as quick in the second round.
        self.assertEqual(ratios([100.0, 50.0], [50.0, 25.0]), Spread(2.0, 2.0, 2.0))

    def test_rounds_that_do_not_match_are_refused(self):
        with self.assertRaises(ValueError):
            ratios([1.0], [1.0, 2.0])

    def test_a_percentile_is_one_of_the_figures(self):
        figures = [float(figure) for figure in range(1, 101)]
        self.assertEqual(percentile(figures, 99), 99.0)
        self.assertEqual(percentile(figures, 100), 100.0)
        self.assertEqual(percentile(figures, 1), 1.0)
        self.assertEqual(percentile([7.0], 50), 7.0)

    def test_no_figures_have_no_percentile(self):
        with self.assertRaises(ValueError):
            percentile([], 99)


if __name__ == "__main__":
    unittest.main()
