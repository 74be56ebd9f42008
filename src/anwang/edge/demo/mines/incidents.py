"""What goes wrong in a simulated mine, and when: a script, so that a test knows what must be found."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

RISE_A_MINUTE = 0.18
"""%CH4 by which gas climbs where an incident is not sudden; slower than what counts as a rise (0.3 within 60 s)."""


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    zh: str
    en: str
    point: str
    """Where it happens unless the script says otherwise."""
    lasting: int
    """Seconds, unless the script says otherwise."""
    peak: float = 0.0
    """Highest value, for those that raise (or lower) one."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            Kind("over", "瓦斯超限（未到断电值）", "over-limit below the cut value", "face-1.T1", 900, 1.25),
            Kind("cut", "瓦斯超限，正确断电", "over-limit with a correct power cut", "face-1.T1", 1500, 1.75),
            Kind("cut_fails", "断电命令发出，负荷侧仍有电（馈电异常）", "a cut that fails to bite", "face-1.T1", 1500, 1.75),
            Kind("surge", "瓦斯突升", "a sudden rise", "face-1.T0", 300, 1.3),
            Kind("hidden", "超限而不报，状态位为正常", "over-limit that the mine neither marks nor reports", "face-1.T1", 900, 1.25),
            Kind("over_range", "超量程", "over-range", "heading-1.T1", 120, 4.0),
            Kind("co", "一氧化碳超限", "carbon monoxide over-limit", "face-1.co", 900, 38.0),
            Kind("low_wind", "风速过低", "air speed too low", "heading-1.wind", 600, 0.15),
            Kind("fan_stops", "局部通风机停风，瓦斯积聚，风电闭锁", "a local fan stops, gas gathers, power is cut", "heading-1.T1", 1200, 1.7),
            Kind("covered", "传感器被遮挡，数值不变", "a covered sensor", "heading-1.T1", 26 * 3600, 0.06),
            Kind("calibration", "传感器调校", "calibration", "face-1.T2", 600, 2.0),
            Kind("disconnected", "传感器断线", "a sensor without contact", "face-1.co", 600),
            Kind("station_down", "分站故障", "a substation out of order", "goaf-1.station", 600),
            Kind("silence", "测点无数据", "a point that is not sent", "district-1.ch4", 900),
            Kind("mine_silence", "全矿中断上传", "a mine that sends nothing", "main-1.station", 600),
            Kind("tampered", "报警断电值被调松", "limits set looser than the standard", "face-1.T1", 0, 1.25),
        )
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incident:
    """``after`` and ``lasting`` in seconds of data time from the mine's first moment; 0 lasting: as the kind says."""

    kind: str
    point: str = ""
    after: int = 600
    lasting: int = 0
    peak: float = 0.0

    @property
    def where(self) -> str:
        return self.point or KINDS[self.kind].point

    @property
    def seconds(self) -> int:
        return self.lasting or KINDS[self.kind].lasting

    @property
    def height(self) -> float:
        return self.peak or KINDS[self.kind].peak


_FORM = re.compile(
    r"(?P<kind>[a-z_]+)(?:@(?P<point>[\w.-]+))?(?:\+(?P<after>\d+[smhd]?))?(?:x(?P<lasting>\d+[smhd]?))?(?:=(?P<peak>\d+(?:\.\d+)?))?"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse(text: str) -> Incident:
    """KIND[@POINT][+AFTER][xLASTING][=PEAK]: cut@face-1.T1+10m x20m without the blank. Raises ValueError."""
    found = _FORM.fullmatch(text)
    if not found or found["kind"] not in KINDS:
        raise ValueError(text)
    return Incident(
        found["kind"],
        found["point"] or "",
        after=_seconds(found["after"]) if found["after"] else 600,
        lasting=_seconds(found["lasting"]) if found["lasting"] else 0,
        peak=float(found["peak"]) if found["peak"] else 0.0,
    )


def _seconds(text: str) -> int:
    return int(text[:-1]) * _SECONDS[text[-1]] if text[-1] in _SECONDS else int(text)
