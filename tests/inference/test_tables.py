import pytest

from bench import tables


def test_the_tables_of_the_documentation_are_what_the_records_say() -> None:
    assert tables.main(["--check"]) == 0


def test_a_table_is_made_anew_from_its_record() -> None:
    text = "<!-- table: ratios seresnet-1.ratios-fer -->\nold\n<!-- end -->"
    made = tables.rendered(text)
    assert "old" not in made
    assert "PrivateTest, FER labels" in made
    assert tables.rendered(made) == made


def test_an_unknown_kind_of_table_names_the_known_ones() -> None:
    with pytest.raises(SystemExit, match="evaluations"):
        tables.rendered("<!-- table: pie dcnn-1.fer -->\n<!-- end -->")


def test_shares_are_percent_with_their_interval() -> None:
    assert tables.percent(0.8926, (0.88, 0.905)) == "89.3 (88.0-90.5)"
    assert tables.percent(None) == "-"
