"""Tables of computed numbers."""

import pytest

from lib.tables import table


def test_a_table_has_a_line_for_each_row():
    lines = table(["a", "b"], [[1, 2.5], ["x", None]]).data.splitlines()
    assert lines == ["| a | b |", "| --- | --- |", "| 1 | 2.5 |", "| x | None |"]


def test_a_row_of_the_wrong_length_is_named():
    with pytest.raises(ValueError, match=r"row \[1\] needs 2 entries"):
        table(["a", "b"], [[1]])


def test_columns_of_numbers_are_aligned_at_the_right_with_true_minus_signs():
    rows = [["a", "-1,234.5", "3%", "-x"], ["b", "+2", "", "1"]]
    lines = table(["", "nats", "wrong", "mixed"], rows).data.splitlines()
    assert lines[1] == "| --- | ---: | ---: | --- |"
    assert lines[2] == "| a | −1,234.5 | 3% | -x |"


def test_a_table_without_rows_has_a_header():
    assert table(["a", "b"], []).data.splitlines() == ["| a | b |", "| --- | --- |"]
