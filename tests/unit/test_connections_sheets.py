"""What an uploaded file is read as, before any database sees it."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from core.connections.shapes import Guess
from core.connections.sheets import (
    Sheet,
    Unreadable,
    clean_names,
    csv_sheets,
    delimiter_of,
    encoding_of,
    excel_cell,
)


def table(tmp_path: Path, content: bytes) -> tuple[Sheet, list[list[str | None]]]:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    with csv_sheets(file, "file") as sheets:
        [sheet] = list(sheets)
        return sheet, list(sheet.rows)


def encoding(tmp_path: Path, content: bytes) -> str:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    return encoding_of(file)


def test_the_encoding_is_found(tmp_path: Path) -> None:
    assert encoding(tmp_path, "客户,é".encode()) == "utf-8"
    assert encoding(tmp_path, "\ufeffa".encode()) == "utf-8-sig"
    assert encoding(tmp_path, "a,客户".encode("utf-16")) == "utf-16"
    assert encoding(tmp_path, "订单,客户,金额\n1,张三,5".encode("gbk")) == "gb18030"
    assert encoding(tmp_path, "nom,ville\nRené,Orléans\nZoé,Besançon\n".encode("latin-1")) == "cp1252"


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b;c\n1,5;2;3\n2,5;3;4\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"x;y;z",2\n', ","),
        ("one\ntwo\n", ","),
    ],
)
def test_the_delimiter_is_found(head: str, mark: str) -> None:
    assert delimiter_of(head) == mark


def test_headings_become_names_and_chinese_stays(tmp_path: Path) -> None:
    sheet, rows = table(tmp_path, "Order ID,订单日期,金额（元）,Order-ID,,2024\n1,x,2,3,4,5\n".encode())
    assert sheet.names == ("order_id", "订单日期", "金额_元", "order_id_2", "column_5", "column_2024")
    assert sheet.labels[2] == "金额（元）"
    assert rows == [["1", "x", "2", "3", "4", "5"]]


def test_names_are_never_alike() -> None:
    assert clean_names(["a", "A", "a!", "", "column 4"]) == ["a", "a_2", "a_3", "column_4", "column_4_2"]


def test_a_title_above_the_headings_is_left_out(tmp_path: Path) -> None:
    sheet, rows = table(tmp_path, "2024年销售报表,,\n,,\n编号,客户,金额\n1,张三,5\n".encode())
    assert (sheet.names, rows) == (("编号", "客户", "金额"), [["1", "张三", "5"]])


def test_data_from_the_first_row_on_gets_numbered_names(tmp_path: Path) -> None:
    sheet, rows = table(tmp_path, b"1,2\n3,4\n")
    assert (sheet.names, rows) == (("column_1", "column_2"), [["1", "2"], ["3", "4"]])


def test_years_over_numbers_are_headings(tmp_path: Path) -> None:
    assert table(tmp_path, b"Region,2019,2020\nNorth,1.5,2\n")[0].names == ("region", "column_2019", "column_2020")


def test_text_throughout_still_has_headings(tmp_path: Path) -> None:
    assert table(tmp_path, b"name,city\nAnn,Rome\n")[0].names == ("name", "city")


def test_a_short_row_is_filled_and_a_long_one_is_an_error_with_its_line(tmp_path: Path) -> None:
    assert table(tmp_path, b"a,b\n1,2\n3\n")[1] == [["1", "2"], ["3", None]]
    with pytest.raises(Unreadable) as error:
        table(tmp_path, b'a,b\n"1\n2",3\n4,5,6\n')
    assert (error.value.problem, error.value.values["line"]) == ("upload_ragged", 4)


def test_an_empty_table_is_none(tmp_path: Path) -> None:
    for content in (b"\n\n", b"a,b\n", b",,\n"):
        file = tmp_path / "file.csv"
        file.write_bytes(content)
        with csv_sheets(file, "file") as sheets:
            assert list(sheets) == []


def test_bytes_that_are_no_text_are_said_to_be(tmp_path: Path) -> None:
    for content in (b"a,b\n1,\x00\n", bytes(range(256))):
        with pytest.raises(Unreadable) as error:
            table(tmp_path, content)
        assert error.value.problem == "upload_not_text"


def test_a_cell_of_a_workbook_becomes_text_without_loss() -> None:
    cells = [5.0, 0.1, True, datetime(2026, 1, 2), datetime(2026, 1, 2, 3, 4), date(2026, 1, 2), time(3, 4), " x ", ""]
    assert [excel_cell(cell) for cell in cells] == [
        "5", "0.1", "true", "2026-01-02", "2026-01-02 03:04:00", "2026-01-02", "03:04:00", "x", None,
    ]  # fmt: skip
    assert excel_cell("#DIV/0!") is None
    assert excel_cell(timedelta(hours=30)) == "1 day 06:00:00"


@pytest.mark.parametrize(
    ("cells", "reading"),
    [
        (["1", "-20", "n/a", None], "BIGINT"),
        (["1", "2.50", "1,234.5"], "DECIMAL(24, 2)"),
        (["￥1,200", "￥30.5"], "DECIMAL(24, 1)"),
        (["1e5", "2.5"], "DOUBLE"),
        (["12%", "5.5%"], "/ 100"),
        (["true", "FALSE"], "BOOLEAN"),
        (["2024-01-05", "2024/2/5"], "DATE"),
        (["2024年1月5日", "2024年12月31日"], "%Y年%m月%d"),
        (["1/25/2024", "12/1/2024"], "%m-%d-%Y"),
        (["25/1/2024", "1/12/2024"], "%d-%m-%Y"),
        (["2024-01-05 10:00", "2024-01-05"], "TIMESTAMP"),
        (["10:30", "23:59:59"], "TIME"),
        (["00123", "10001"], None),
        (["1", "x"], None),
        (["1,23", "4"], None),
        (["25/13/2024"], None),
        (["12345678901234567890123456789"], "DECIMAL"),
        ([None, "-", "N/A"], None),
        (["=1+1"], None),
    ],
)
def test_a_column_gets_a_type_only_if_every_cell_fits(cells: list[str | None], reading: str | None) -> None:
    guess = Guess("column")
    for cell in cells:
        guess.see([cell])
    value = guess.value("c0")
    assert (value is None) == (reading is None)
    assert reading is None or reading in value.sql("duckdb")  # type: ignore[union-attr]


def test_eight_digits_are_a_day_only_where_the_name_says_so() -> None:
    for name, expected in (("订单日期", "%Y%m%d"), ("order_date", "%Y%m%d"), ("code", "BIGINT")):
        guess = Guess(name)
        guess.see(["20240105", "20241231"])
        value = guess.value("c0")
        assert value is not None
        assert expected in value.sql("duckdb")
