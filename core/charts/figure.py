"""The marks of each kind of chart, as Plotly figures.

Everything that came from data or names is escaped before it gets here or in `plain`; no text of theirs is ever part of
a template, and none is made a link.
"""

from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go

from core.charts.axes import Scale, along, cut, measured, width
from core.charts.columns import Role, number
from core.charts.look import CLEAR, DARK, LIGHT, Look, axis, blend, faint, layout, readable
from core.charts.sketch import Marks, Sketch, begun
from core.charts.spec import ChartKind, ChartSpec
from core.connections.result import ResultTable
from core.i18n import Words

_HEIGHT = 360
_MOST_TABLE_ROWS = 200
_LETTERS_ACROSS = 90  # Latin letters of an axis that fit beside each other under a chart
_HOVER = "%{customdata}<extra></extra>"


def figure(spec: ChartSpec, table: ResultTable, labels: Sequence[str] | None, language: str, dark: bool) -> go.Figure:
    """The figure of a specification that has been found to fit."""
    return _KINDS[spec.kind](Sketch(spec, table, labels, Words(language), DARK if dark else LIGHT))


def _figure(traces: Sequence[Any], settings: dict[str, Any], **more: Any) -> go.Figure:
    drawn = go.Figure(layout={"template": go.layout.Template()})
    drawn.add_traces(list(traces))
    drawn.update_layout({**settings, **more}, overwrite=True)
    return drawn


def _line(sketch: Sketch) -> go.Figure:
    filled = sketch.spec.kind is ChartKind.AREA
    found = sketch.scale(sketch.x, dates=True)
    groups = sketch.groups(found)
    if filled and len(groups) > 1:
        groups = [_everywhere(marks, found) for marks in groups]
    traces = [_one_line(sketch, marks, place, filled, len(groups)) for place, marks in enumerate(groups)]
    values = _heights(groups, found) if filled and len(groups) > 1 else [v for marks in groups for v in marks.values]
    return _figure(
        traces,
        layout(sketch.look, sketch.title, _HEIGHT, [m.name for m in groups] if len(groups) > 1 else ()),
        xaxis=axis(sketch.look, **along(found, sketch.words.language)),
        yaxis=axis(sketch.look, **measured(values, sketch.words.language, zero=filled)),
        hovermode="x unified",
        dragmode="zoom" if found.dates else False,
    )


def _one_line(sketch: Sketch, marks: Marks, place: int, filled: bool, of: int) -> Any:
    colour = sketch.look.colour(place)
    # A point between two gaps would not be seen without a marker.
    dots = None in marks.values or (len(marks.values) <= 40 and not (filled and of > 1))
    fill: dict[str, Any] = {}
    if filled:
        fill = {"stackgroup": "all"} if of > 1 else {"fill": "tozeroy"}
        fill["fillcolor"] = faint(colour, 0.55 if of > 1 else 0.16)
    return go.Scatter(
        x=marks.keys, y=marks.values, customdata=marks.hovers, hovertemplate=_HOVER, name=marks.name,
        mode="lines+markers" if dots else "lines", connectgaps=False,
        line={"color": colour, "width": 1.5 if filled and of > 1 else 2.5},
        marker={"color": colour, "size": 6 if len(marks.values) <= 24 else 4},
        **fill,
    )  # fmt: skip


def _everywhere(marks: Marks, found: Scale) -> Marks:
    """The same with nothing where it had no mark, so that areas lie on each other rightly."""
    at = {key: place for place, key in enumerate(marks.keys)}
    values = tuple((marks.values[at[key]] or 0.0) if key in at else 0.0 for key in found.order)
    hovers = tuple(marks.hovers[at[key]] if key in at else f"{marks.name}: –" for key in found.order)
    return Marks(marks.name, found.order, values, hovers)


def _heights(groups: Sequence[Marks], found: Scale) -> list[float | None]:
    """How high and how low the stacks reach."""
    above, below = dict.fromkeys(found.order, 0.0), dict.fromkeys(found.order, 0.0)
    for marks in groups:
        for key, value in zip(marks.keys, marks.values, strict=True):
            side = above if (value or 0) > 0 else below
            side[key] += value or 0
    return [*above.values(), *below.values()]


def _flat(found: Scale, most: int, wide: int) -> bool:
    """Whether bars lie flat: for many or long names, or too many of some length side by side; never for times."""
    longest, count = max((width(name) for name in found.order), default=0), len(found.order)
    return found.grain is None and (count > most or longest > wide or count * (longest + 1) > _LETTERS_ACROSS)


def _bar(sketch: Sketch) -> go.Figure:
    found = sketch.scale(sketch.x, apart=True)
    (marks,) = sketch.groups(found)
    flat = _flat(found, 10, 13)
    written = len(marks.keys) <= (50 if flat else 16)
    measure = sketch.name(sketch.spec.y[0])
    hovers = [f"{name}<br>{measure}: <b>{_after(h)}</b>" for name, h in zip(marks.keys, marks.hovers, strict=True)]
    values = measured(marks.values, sketch.words.language, zero=True, headroom=0.1 if written else 0.0)
    bars = go.Bar(
        **_sides(flat, marks.keys, marks.values), customdata=hovers, hovertemplate=_HOVER, name=measure,
        marker={"color": sketch.look.colour(0), "cornerradius": 4}, width=0.68 if len(marks.keys) > 3 else 0.45,
        text=[sketch.short(value) for value in marks.values] if written else None, texttemplate="%{text}",
        textposition="outside" if written else "none", cliponaxis=False, textangle=0,
        textfont={"size": 12, "color": sketch.look.text},
    )  # fmt: skip
    height = 70 + 30 * len(found.order) if flat else _HEIGHT
    return _figure(
        [bars], layout(sketch.look, sketch.title, max(height, 200)), **_bar_axes(sketch, found, values, flat)
    )


def _after(hover: str) -> str:
    """The number of a hover text."""
    return hover.rpartition("<b>")[2].removesuffix("</b>")


def _sides(flat: bool, keys: Sequence[Any], values: Sequence[Any]) -> dict[str, Any]:
    if flat:
        return {"x": values, "y": keys, "orientation": "h"}
    return {"x": keys, "y": values}


def _bar_axes(sketch: Sketch, found: Scale, values: dict[str, Any], flat: bool) -> dict[str, Any]:
    names = along(found, sketch.words.language)
    if not flat:
        return {"xaxis": axis(sketch.look, **names), "yaxis": axis(sketch.look, **values)}
    names["tickfont"] = {"size": 13, "color": sketch.look.text}
    return {
        "xaxis": axis(sketch.look, **values),
        "yaxis": axis(sketch.look, **names, autorange="reversed"),
    }


def _bars(sketch: Sketch) -> go.Figure:
    stacked = sketch.spec.kind is ChartKind.STACKED
    found = sketch.scale(sketch.x)
    groups = sketch.groups(found)
    flat = _flat(found, 12, 16)
    heights = _heights(groups, found) if stacked else [value for marks in groups for value in marks.values]
    traces = [
        go.Bar(
            **_sides(flat, marks.keys, marks.values), customdata=marks.hovers, hovertemplate=_HOVER, name=marks.name,
            marker={"color": sketch.look.colour(place), "cornerradius": 0 if stacked else 3},
        )
        for place, marks in enumerate(groups)
    ]  # fmt: skip
    each = 30 if stacked else 12 + 15 * len(groups)
    height = max(220, 70 + each * len(found.order)) if flat else _HEIGHT
    return _figure(
        traces,
        layout(sketch.look, sketch.title, height, [marks.name for marks in groups]),
        **_bar_axes(sketch, found, measured(heights, sketch.words.language, zero=True), flat),
        barmode="relative" if stacked else "group",
        bargap=0.32,
        bargroupgap=0.08,
        hovermode="y unified" if flat else "x unified",
    )


def _scatter(sketch: Sketch) -> go.Figure:
    timed = sketch.readings[sketch.x].role is Role.TIME
    found = sketch.scale(sketch.x, dates=True) if timed else None
    across = [number(cell) for cell in sketch.cells(sketch.x)]
    keys: Sequence[Any] = found.keys if found else across
    up = [number(cell) for cell in sketch.cells(sketch.spec.y[0])]
    hovers = _point_hovers(sketch)
    series = sketch.scale(sketch.spec.series) if sketch.spec.series is not None else None
    traces = []
    for place, name in enumerate(series.order if series else [sketch.name(sketch.spec.y[0])]):
        rows = [row for row in range(len(up)) if series is None or series.keys[row] == name]
        colour = sketch.look.colour(place)
        traces.append(
            go.Scatter(
                x=[keys[row] for row in rows], y=[up[row] for row in rows], customdata=[hovers[row] for row in rows],
                hovertemplate=_HOVER, name=name, mode="markers",
                marker={"color": faint(colour, 0.62), "size": 9, "line": {"color": colour, "width": 1}},
            )
        )  # fmt: skip
    language, look = sketch.words.language, sketch.look
    names = [
        {"text": sketch.name(place), "font": {"size": 12, "color": look.muted}}
        for place in (sketch.x, sketch.spec.y[0])
    ]
    sideways = along(found, language) if found else measured(across, language, zero=False)
    return _figure(
        traces,
        layout(look, sketch.title, _HEIGHT + 20, series.order if series else ()),
        xaxis=axis(look, **{**sideways, "title": names[0], "showgrid": True}),
        yaxis=axis(look, **measured(up, language, zero=False)),
    )


def _point_hovers(sketch: Sketch) -> list[str]:
    """Each point with its name, where some column names every row."""
    shown = [place for place, reading in enumerate(sketch.readings) if reading.role is Role.CATEGORY]
    lines = []
    for row in sketch.table.rows:
        named = [sketch.value(row, place) for place in shown[:2]]
        measures = [
            f"{sketch.name(place)}: <b>{_cell(sketch, row, place)}</b>" for place in (sketch.x, sketch.spec.y[0])
        ]
        lines.append("<br>".join([*named, *measures]))
    return lines


def _cell(sketch: Sketch, row: Sequence[Any], place: int) -> str:
    """One cell in full, whatever it is."""
    return sketch.full(row[place]) if sketch.readings[place].role is Role.MEASURE else sketch.value(row, place)


def _pie(sketch: Sketch) -> go.Figure:
    found = sketch.scale(sketch.x, apart=True)
    (marks,) = sketch.groups(found)
    total = sum(value or 0 for value in marks.values)
    parts = [f"{(value or 0) / total * 100:.1f}%" for value in marks.values]
    names = [
        f"{key}<br><b>{_after(hover)}</b> ({part})"
        for key, hover, part in zip(marks.keys, marks.hovers, parts, strict=True)
    ]
    colours = [sketch.look.colour(place) for place in range(len(marks.keys))]
    texts = [f"{cut(key, 22)}  <b>{part}</b>" for key, part in zip(marks.keys, parts, strict=True)]
    ring = go.Pie(
        labels=marks.keys, values=marks.values, hole=0.62, sort=False, direction="clockwise", customdata=names,
        hovertemplate=_HOVER, text=texts, textinfo="text", textposition="outside",
        textfont={"size": 13, "color": sketch.look.text},
        marker={"colors": colours, "line": {"color": sketch.look.surface, "width": 2}}, domain={"x": [0.14, 0.86]},
    )  # fmt: skip
    said = f"<b>{sketch.short(total)}</b>"
    note = {"text": said, "showarrow": False, "font": {"size": 24, "color": sketch.look.text}, "x": 0.5, "y": 0.5}
    settings = layout(sketch.look, sketch.title, _HEIGHT)
    settings["margin"] = {**settings["margin"], "t": 56, "b": 36}
    return _figure([ring], settings, annotations=[note])


def _heatmap(sketch: Sketch) -> go.Figure:
    across, down = sketch.scale(sketch.x), sketch.scale(sketch.spec.series or 0)
    measure = sketch.spec.y[0]
    cells = {(down.keys[row], across.keys[row]): sketch.table.rows[row][measure] for row in range(len(across.keys))}
    grid = [[number(cells.get((y, x))) for x in across.order] for y in down.order]
    name = sketch.name(measure)
    hovers = [
        [f"{y}<br>{x}<br>{name}: <b>{sketch.full(cells.get((y, x)))}</b>" for x in across.order] for y in down.order
    ]
    written = len(across.order) <= 14 and len(across.order) * len(down.order) <= 240
    present = [value for line in grid for value in line if value is not None]
    colours = _colours(sketch.look, present)
    heat = go.Heatmap(
        x=across.order, y=down.order, z=grid, customdata=hovers, hovertemplate=_HOVER, xgap=2, ygap=2,
        hoverongaps=False, **colours, showscale=not written, colorbar=_colour_bar(sketch, present),
    )  # fmt: skip
    names = along(down, sketch.words.language)
    names.update(autorange="reversed", tickvals=list(down.order), ticktext=[cut(key, 24) for key in down.order])
    steps = along(across, sketch.words.language)
    if any(width(key) > 90 / max(len(across.order), 1) + 3 for key in across.order):
        steps["tickangle"] = -40 if across.grain is None else 0
    return _figure(
        [heat],
        layout(sketch.look, sketch.title, max(210, 80 + 38 * len(down.order))),
        xaxis=axis(sketch.look, **steps),
        yaxis=axis(sketch.look, **names),
        annotations=_written(sketch, across, down, grid, colours) if written else [],
    )


def _written(
    sketch: Sketch, across: Scale, down: Scale, grid: Sequence[Sequence[float | None]], colours: dict[str, Any]
) -> list[dict[str, Any]]:
    """The values in their cells, in the colour that can be read on each."""
    span = (colours["zmax"] - colours["zmin"]) or 1.0
    return [
        {
            "x": across.order[column], "y": down.order[line], "text": sketch.short(value), "showarrow": False,
            "font": {"size": 12, "color": readable(blend(colours["colorscale"], (value - colours["zmin"]) / span))},
        }
        for line, row in enumerate(grid) for column, value in enumerate(row) if value is not None
    ]  # fmt: skip


def _colours(look: Look, present: Sequence[float]) -> dict[str, Any]:
    """Darker for more; where values go below zero, another colour for those."""
    low, high = min(present, default=0.0), max(present, default=1.0)
    steps = len(look.heat) - 1
    if low >= 0:
        warm = [[place / steps, colour] for place, colour in enumerate(look.heat)]
        return {"colorscale": warm, "zmin": min(low, high * 0.5), "zmax": high if high > 0 else 1.0}
    far = max(abs(low), abs(high))
    return {"colorscale": [[0, look.cold], [0.5, look.heat[0]], [1, look.heat[3]]], "zmin": -far, "zmax": far}


def _colour_bar(sketch: Sketch, present: Sequence[float]) -> dict[str, Any]:
    marks = measured(present, sketch.words.language, zero=False)
    return {
        "thickness": 10, "outlinewidth": 0, "tickmode": "array", "tickvals": marks["tickvals"],
        "ticktext": marks["ticktext"], "tickfont": {"size": 12, "color": sketch.look.muted}, "bgcolor": CLEAR,
    }  # fmt: skip


def _number(sketch: Sketch) -> go.Figure:
    row, places = sketch.table.rows[0], sketch.spec.y
    notes = []
    for at, place in enumerate(places):
        value = number(row[place])
        exact = sketch.full(row[place])
        big = exact if value is None or len(exact) <= 20 // len(places) + 2 else sketch.short(value)
        across = {"x": at / len(places), "xref": "paper", "xanchor": "left", "showarrow": False, "align": "left"}
        notes.append(
            {
                **across,
                "text": f"<b>{big}</b>",
                "y": 0.5,
                "yanchor": "middle",
                "font": {"size": 44 if len(places) < 3 else 34},
            }
        )
        name = sketch.name(place)
        if sketch.spec.x is not None and place == places[0]:
            name = f"{sketch.value(row, sketch.spec.x)} · {name}"
        notes.append(
            {**across, "text": begun(name), "y": 1, "yanchor": "top", "font": {"size": 14, "color": sketch.look.muted}}
        )
    hidden = {"visible": False, "fixedrange": True, "range": [0, 1]}
    settings = {**layout(sketch.look, "", 130), "margin": {"l": 4, "r": 4, "t": 8, "b": 8}}
    return _figure([], settings, annotations=notes, xaxis=hidden, yaxis=hidden)


def _table(sketch: Sketch) -> go.Figure:
    rows = sketch.table.rows[:_MOST_TABLE_ROWS]
    sides = ["right" if reading.role is Role.MEASURE else "left" for reading in sketch.readings]
    look = sketch.look
    shown = go.Table(
        header={
            "values": [f"<b>{sketch.name(place)}</b>" for place in range(len(sides))], "align": sides, "height": 32,
            "fill": {"color": faint(look.colour(0), 0.12)}, "line": {"color": look.line}, "font": {"color": look.text},
        },
        cells={
            "values": [[_cell(sketch, row, place) for row in rows] for place in range(len(sides))], "align": sides,
            "height": 28, "fill": {"color": CLEAR}, "line": {"color": look.line}, "font": {"color": look.text},
        },
    )  # fmt: skip
    settings = layout(look, "", min(60 + 28 * len(rows), 520))
    settings["margin"] = {"l": 0, "r": 0, "t": 4, "b": 4}
    return _figure([shown], settings)


_KINDS: dict[ChartKind, Callable[[Sketch], go.Figure]] = {
    ChartKind.NUMBER: _number,
    ChartKind.LINE: _line,
    ChartKind.AREA: _line,
    ChartKind.BAR: _bar,
    ChartKind.GROUPED: _bars,
    ChartKind.STACKED: _bars,
    ChartKind.SCATTER: _scatter,
    ChartKind.PIE: _pie,
    ChartKind.HEATMAP: _heatmap,
    ChartKind.TABLE: _table,
}
