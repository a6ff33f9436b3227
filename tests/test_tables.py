"""Tables of computed numbers."""

import pytest

from lib.tables import table


def test_a_table_has_a_line_for_each_row():
    lines = table(["a", "b"], [[1, 2.5], ["x", None]]).data.splitlines()
    assert lines == ["| a | b |", "| --- | --- |", "| 1 | 2.5 |", "| x | None |"]


def test_a_row_of_the_wrong_length_is_named():
    with pytest.raises(ValueError, match=r"row \[1\] needs 2 entries"):
        table(["a", "b"], [[1]])
