"""Simulated mines: believable points, scripted incidents, upload files in dialect B. Pure; the seed and the moment come in.

    plan = mines.plan_of("140930900001", "示例煤业", faces=1, headings=2, seed=1)
    mine = mines.SimulatedMine(plan, [mines.Incident("cut", "face-1.T1", after=600, lasting=900)], seed=1, begins=ms)
    scan = mine.scan(ms)                       # the next moment; None while the whole mine is silent
    mines.writing.realtime(plan, scan)         # (name, content) of the CDSS file

Everything says that it is simulated: the seventh digit of a mine's code is 9, its name ends in （模拟）.
"""

from anwang.edge.demo.mines.incidents import KINDS, Incident, parse
from anwang.edge.demo.mines.mine import Event, Scan, SimulatedMine
from anwang.edge.demo.mines.plan import MinePlan, Point, is_simulated, plan_of

__all__ = [
    "KINDS",
    "Event",
    "Incident",
    "MinePlan",
    "Point",
    "Scan",
    "SimulatedMine",
    "is_simulated",
    "parse",
    "plan_of",
]
