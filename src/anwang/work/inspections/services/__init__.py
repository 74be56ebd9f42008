"""The verbs of visits. Each is one transaction: permit → lock → facts → rule → write → record → announce."""

from anwang.work.inspections.services.findings import add_finding, earlier_finding
from anwang.work.inspections.services.papers import issue_record, record_data
from anwang.work.inspections.services.people import Companion, certify, join, leave
from anwang.work.inspections.services.plans import leave_out, make_plan, withdraw_plan
from anwang.work.inspections.services.sheets import answer, choose_checklist
from anwang.work.inspections.services.visits import arrange, begin, cancel, finish, nobody, turned_away

__all__ = [
    "Companion",
    "add_finding",
    "answer",
    "arrange",
    "begin",
    "cancel",
    "certify",
    "choose_checklist",
    "earlier_finding",
    "finish",
    "issue_record",
    "join",
    "leave",
    "leave_out",
    "make_plan",
    "nobody",
    "record_data",
    "turned_away",
    "withdraw_plan",
]
