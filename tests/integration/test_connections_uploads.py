"""Files that people send become DuckDB files of our own; broken ones become one plain sentence."""

import datetime
import io
import zipfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from core.connections.catalogue_duckdb import introspect_duckdb
from core.connections.schema import Kind, Schema
from core.connections.session import Limits, Target
from core.connections.sessions_files import open_duckdb
from core.connections.uploads import read_upload
from core.errors import InvalidInput
from core.i18n import Phrase, Words

Rows = tuple[tuple[Any, ...], ...]


def kept(folder: Path, filename: str, content: bytes) -> tuple[Schema, dict[str, Rows]]:
    """What an upload became: its schema, and the rows of each table."""
    file = read_upload(io.BytesIO(content), filename, folder, 10)
    assert file.parent == folder
    assert list(folder.iterdir()) == [file]
    with closing(open_duckdb(Target(file=str(file)), Limits())) as session:
        schema = introspect_duckdb(session)
        return schema, {key: session.read(f'SELECT * FROM "{key}"').rows for key in schema.by_key}


def refusal(folder: Path, filename: str, content: bytes, most: int = 10) -> str:
    with pytest.raises(InvalidInput) as error:
        read_upload(io.BytesIO(content), filename, folder, most)
    assert not folder.exists() or list(folder.iterdir()) == []
    phrase = error.value.values["problem"]
    assert isinstance(phrase, Phrase)
    for language in ("en", "zh"):
        assert str(folder) not in Words(language).show(phrase)
    return phrase.key.removeprefix("connections_core.")


def test_a_csv_becomes_one_table_with_types(tmp_path: Path) -> None:
    content = (
        b"Order ID,Name,Zip,Amount,When,Flag,Share,Remark\n"
        b'1,"O\'Neil, Jr",00123,"1,234.50",2024-01-05,true,12%,=1+1\n'
        b"2,,10001,12.00,2024/2/5,FALSE,5%,\n"
    )
    schema, rows = kept(tmp_path / "uploads", "订单 2024.csv", content)
    [table] = schema.tables
    assert table.name == "订单_2024"
    assert [(column.name, column.kind) for column in table.columns] == [
        ("order_id", Kind.INTEGER),
        ("name", Kind.TEXT),
        ("zip", Kind.TEXT),
        ("amount", Kind.NUMBER),
        ("when", Kind.DATE),
        ("flag", Kind.BOOLEAN),
        ("share", Kind.NUMBER),
        ("remark", Kind.TEXT),
    ]
    assert table.by_name["order_id"].comment == "Order ID"
    assert rows[table.name] == (
        (1, "O'Neil, Jr", "00123", Decimal("1234.50"), datetime.date(2024, 1, 5), True, 0.12, "=1+1"),
        (2, None, "10001", Decimal("12.00"), datetime.date(2024, 2, 5), False, 0.05, None),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_chinese_arrives_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    content = "订单;客户;日期\n1;张三;2024年1月5日\n2;李四;2024年2月3日\n".encode(encoding)
    schema, rows = kept(tmp_path / "uploads", "a.csv", content)
    assert [column.name for column in schema.tables[0].columns] == ["订单", "客户", "日期"]
    assert rows["a"][1] == (2, "李四", datetime.date(2024, 2, 3))


def test_a_day_that_does_not_exist_leaves_the_column_text(tmp_path: Path) -> None:
    _, rows = kept(tmp_path / "uploads", "a.csv", b"d,x\n2024-02-30,1\n2024-02-28,2\n")
    assert rows["a"] == (("2024-02-30", 1), ("2024-02-28", 2))


def test_every_sheet_of_a_workbook_becomes_a_table(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        first = book.add_worksheet("销售 报表")
        first.write(0, 0, "2024年销售报表")
        first.write_row(2, 0, ["编号", "客户名", "日期", "金额", "比例", "备注"])
        for row in (3, 4):
            first.write_row(row, 0, [row, "张"])
            first.write_datetime(row, 2, datetime.datetime(2024, 1, row), day)
            first.write(row, 3, row * 1.5)
            first.write_formula(row, 4, "=1/0", None, "#DIV/0!")
            first.write_string(row, 5, "=cmd()")
        book.add_worksheet("Empty")
        third = book.add_worksheet("T")
        third.write_row(0, 0, ["a", "A", None, 3])
        third.write_row(1, 0, [1, 2, 3, True])
        hidden = book.add_worksheet("Hidden")
        hidden.write_row(0, 0, ["x"])
        hidden.write_row(1, 0, [1])
        hidden.hide()
    schema, rows = kept(tmp_path / "uploads", "book.XLSX", buffer.getvalue())
    assert set(schema.by_key) == {"销售_报表", "t"}
    assert rows["销售_报表"][0] == (3, "张", datetime.date(2024, 1, 3), Decimal("4.5"), None, "=cmd()")
    assert [column.name for column in schema.by_key["t"].columns] == ["a", "a_2", "column_3", "column_3_2"]
    assert rows["t"] == ((1, 2, 3, True),)


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"Order Id": [1, 2], "中文": ["a", None], "l": [[1], [2]]}), buffer)
    schema, rows = kept(tmp_path / "uploads", "p.parquet", buffer.getvalue())
    assert [(c.name, c.kind) for c in schema.by_key["p"].columns] == [
        ("order_id", Kind.INTEGER),
        ("中文", Kind.TEXT),
        ("l", Kind.OTHER),
    ]
    assert rows["p"] == ((1, "a", "[1]"), (2, None, "[2]"))


def test_many_rows_are_read_in_pieces(tmp_path: Path) -> None:
    content = "id,name\n" + "\n".join(f"{number},name {number}" for number in range(50_001))
    file = read_upload(io.BytesIO(content.encode()), "many.csv", tmp_path, 10)
    with closing(open_duckdb(Target(file=str(file)), Limits())) as session:
        assert session.read("SELECT count(*), sum(id), count(DISTINCT name) FROM many").rows == (
            (50_001, 50_000 * 50_001 // 2, 50_001),
        )


@pytest.mark.parametrize(
    ("filename", "content", "why"),
    [
        ("a.exe", b"x", "upload_kind"),
        ("a", b"x", "upload_kind"),
        ("a.csv", b"", "upload_empty"),
        ("a.csv", b"\n\n", "upload_no_table"),
        ("a.csv", b"a,b\n", "upload_no_table"),
        ("a.csv", b"a,b\n1,2\n4,5,6\n", "upload_ragged"),
        ("a.csv", bytes(range(256)) * 10, "upload_not_text"),
        ("a.csv", b",".join(b"c%d" % n for n in range(1001)) + b"\n" + b",".join([b"1"] * 1001), "upload_wide"),
        ("a.xlsx", b"PK\x03\x04 nonsense", "upload_not_what_it_says"),
        ("a.xls", b"nonsense", "upload_not_what_it_says"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nonsense", "upload_broken"),
        ("a.parquet", b"PAR1 nonsense", "upload_not_what_it_says"),
        ("a.parquet", b"PAR1 nonsense PAR1", "upload_broken"),
        ("a.csv", b"%PDF-1.7", "upload_not_text"),
        ("a.csv", b"\x7fELF" + b"x" * 100, "upload_not_text"),
        ("a.txt", b"<!DOCTYPE html><table><tr><td>1</td></tr></table>", "upload_not_text"),
        ("a.tsv", b"SQLite format 3\0", "upload_not_text"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, filename: str, content: bytes, why: str
) -> None:
    assert refusal(tmp_path / "uploads", filename, content) == why


def test_a_file_above_the_limit_is_refused_while_it_comes(tmp_path: Path) -> None:
    assert refusal(tmp_path / "uploads", "a.csv", b"a" * 1_100_000, most=1) == "upload_too_large"


def test_a_small_workbook_that_stands_for_billions_of_cells_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("s")
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "b")
    assert refusal(tmp_path / "uploads", "bomb.xlsx", buffer.getvalue()) == "upload_too_heavy"


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def a_workbook() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("s").write_row(0, 0, ["a", "b"])
    return buffer.getvalue()


@pytest.mark.parametrize("filename", ["a.csv", "a.txt", "a.tsv", "a.parquet", "a.xls", "a.ods", "a.xlsb"])
def test_a_workbook_under_another_name_is_not_read(tmp_path: Path, filename: str) -> None:
    assert refusal(tmp_path / "uploads", filename, a_workbook()) in ("upload_not_what_it_says", "upload_not_text")


@pytest.mark.parametrize("filename", ["a.xlsx", "a.ods", "a.xls", "a.parquet"])
def test_text_under_another_name_is_not_read(tmp_path: Path, filename: str) -> None:
    assert refusal(tmp_path / "uploads", filename, b"a,b\n1,2\n") == "upload_not_what_it_says"


def test_a_zip_that_is_no_workbook_is_not_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "uploads", "a.xlsx", packed({"../../etc/cron.d/x": b"x"})) == "upload_not_what_it_says"


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/media/picture.png"])
def test_a_zip_bomb_in_a_workbook_is_refused_before_it_is_unpacked(tmp_path: Path, part: str) -> None:
    bomb = packed({"xl/workbook.xml": b"<workbook/>", part: b"\0" * 9_000_000})
    assert len(bomb) < 20_000
    assert refusal(tmp_path / "uploads", "a.xlsx", bomb) == "upload_too_heavy"


def test_a_workbook_of_very_many_parts_is_refused(tmp_path: Path) -> None:
    many = packed({"xl/workbook.xml": b"<workbook/>"} | {f"xl/{number}": b"" for number in range(5_001)})
    assert refusal(tmp_path / "uploads", "a.xlsx", many) == "upload_too_heavy"


@pytest.mark.parametrize("title", ["../../x", "/etc/passwd", "C:\\x\\y", "a\0b", "x\n\r", "-rf", "\u202excod"])
def test_a_sent_name_names_no_place_on_the_disk(tmp_path: Path, title: str) -> None:
    folder = tmp_path / "uploads"
    file = read_upload(io.BytesIO(b"a,b\n1,2\n"), f"{title}.csv", folder, 10)
    assert list(folder.iterdir()) == [file]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["uploads"]
    assert title not in file.name
