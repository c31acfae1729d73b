"""How charts look: colours in the light and in the dark, letters that have Chinese, and the layout all kinds share."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

from core.charts.axes import width

FONT = "Source Sans Pro, 'Noto Sans SC', 'WenQuanYi Micro Hei', 'PingFang SC', 'Microsoft YaHei', sans-serif"
CLEAR = "rgba(0,0,0,0)"
_LEGEND_WIDTH = 640


@dataclass(frozen=True)
class Look:
    """Colours, as in the portal's own theme. `heat` goes from little to much, `cold` from far below zero to zero."""

    text: str
    muted: str
    line: str
    surface: str
    colours: tuple[str, ...]
    heat: tuple[str, ...]
    cold: str

    def colour(self, place: int) -> str:
        return self.colours[place % len(self.colours)]


LIGHT = Look(
    text="#16202E", muted="#5B6B82", line="#E3E7F0", surface="#FFFFFF",
    colours=("#2457F5", "#12B5A6", "#F59E0B", "#8B5CF6", "#EF4565", "#64748B", "#0EA5E9", "#84A917"),
    heat=("#EEF3FF", "#AFC4FF", "#5C86FA", "#2457F5", "#173DB8"), cold="#EF4565",
)  # fmt: skip
DARK = Look(
    text="#E7ECF5", muted="#9AA8BD", line="#2A3444", surface="#171E2A",
    colours=("#7C9BFF", "#2DD4BF", "#FBBF24", "#A78BFA", "#FB7185", "#94A3B8", "#38BDF8", "#BEDB4C"),
    heat=("#19233A", "#2B4078", "#4768C4", "#7C9BFF", "#C3D1FF"), cold="#FB7185",
)  # fmt: skip


def faint(colour: str, strength: float) -> str:
    """A colour (#RRGGBB) that lets some of the ground through."""
    red, green, blue = _parts(colour)
    return f"rgba({red:.0f},{green:.0f},{blue:.0f},{strength})"


def blend(steps: Sequence[tuple[float, str]], place: float) -> str:
    """The colour at `place` (0 to 1) of a colour scale."""
    place = min(max(place, 0.0), 1.0)
    for (low, before), (high, after) in pairwise(steps):
        if place <= high:
            part = (place - low) / (high - low)
            mixed = [a + (b - a) * part for a, b in zip(_parts(before), _parts(after), strict=True)]
            return "#" + "".join(f"{round(each):02X}" for each in mixed)
    return steps[-1][1]


def readable(ground: str) -> str:
    """Dark or white, whichever stands out more on this ground (contrast of WCAG 2.2)."""
    light = sum(
        weight * (each / 255 / 12.92 if each <= 10 else ((each / 255 + 0.055) / 1.055) ** 2.4)
        for weight, each in zip((0.2126, 0.7152, 0.0722), _parts(ground), strict=True)
    )
    return LIGHT.text if (light + 0.05) ** 2 > 1.05 * 0.0635 else "#FFFFFF"


def _parts(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def layout(look: Look, title: str, height: int, legend: Sequence[str] = ()) -> dict[str, Any]:
    """The layout that every kind shares. `title` and `legend` are escaped already."""
    rows = ceil(sum(width(name) * 7 + 48 for name in legend) / _LEGEND_WIDTH)
    return {
        "height": height + rows * 22,
        "margin": {"l": 8, "r": 16, "t": 34 + rows * 22, "b": 8, "pad": 4},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": FONT, "size": 13, "color": look.text},
        "title": {
            "text": title, "font": {"size": 14, "color": look.muted}, "x": 0, "xref": "container",
            "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 6, "l": 8},
        },
        "colorway": list(look.colours),
        "showlegend": bool(legend),
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
            "yref": "paper", "font": {"size": 13, "color": look.text}, "bgcolor": CLEAR, "itemsizing": "constant",
            "traceorder": "normal",
        },
        "hoverlabel": {
            "bgcolor": look.surface, "bordercolor": look.line, "align": "left",
            "font": {"family": FONT, "size": 13, "color": look.text},
        },
        "hovermode": "closest",
        "dragmode": False,
        "separators": ".,",
        "modebar": {"bgcolor": CLEAR},
    }  # fmt: skip


def axis(look: Look, **settings: Any) -> dict[str, Any]:
    """An axis in these colours."""
    return {
        "automargin": True,
        "showline": False,
        "showspikes": False,
        "gridcolor": look.line,
        "zerolinecolor": look.muted,
        "zerolinewidth": 1,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 12, "color": look.muted},
        "title": {"text": "", "standoff": 10, "font": {"size": 12, "color": look.muted}},
        **settings,
    }
