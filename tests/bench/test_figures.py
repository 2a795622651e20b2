import pytest

from scripts.bench.figures import Spread, difference, percentile_95, ratio, spread


class TestSpread:
    def test_names_the_middle_and_both_ends(self) -> None:
        assert spread([5.0, 1.0, 3.0]) == Spread(3.0, 1.0, 5.0)

    def test_takes_the_mean_of_the_two_in_the_middle(self) -> None:
        assert spread([4.0, 1.0, 2.0, 10.0]).median == 3.0

    def test_one_outlier_does_not_move_the_median(self) -> None:
        assert spread([100.0, 101.0, 99.0, 7.0, 100.0]).median == 100.0


class TestRatio:
    def test_compares_neighbours_in_time(self) -> None:
        # The machine is half as fast in the second round; each pair still says two.
        assert ratio([200.0, 100.0], [100.0, 50.0]) == Spread(2.0, 2.0, 2.0)

    def test_refuses_series_of_different_length(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            ratio([1.0, 2.0], [1.0])


class TestDifference:
    def test_subtracts_neighbours_in_time(self) -> None:
        assert difference([260.0, 160.0], [200.0, 100.0]) == Spread(60.0, 60.0, 60.0)

    def test_refuses_series_of_different_length(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            difference([1.0, 2.0], [1.0])


class TestPercentile95:
    def test_five_of_a_hundred_are_longer(self) -> None:
        assert percentile_95([float(number) for number in range(100, 0, -1)]) == 95.0

    def test_of_few_it_is_the_longest(self) -> None:
        assert percentile_95([3.0, 9.0, 1.0]) == 9.0
