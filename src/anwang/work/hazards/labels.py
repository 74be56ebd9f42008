"""The words for states, actions, grades, sources, and for every refusal of this room."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.errors import Sentence
from anwang.work.hazards.reading import Field
from anwang.work.hazards.rules import Action, Fixing, Grade, Source, State

STATES = [
    (State.FOUND.value, _("Found, to be graded")),
    (State.MAJOR_PROPOSED.value, _("Major, to be confirmed")),
    (State.GRADED.value, _("Graded, to be assigned")),
    (State.ASSIGNED.value, _("Ordered, to be accepted")),
    (State.RECTIFYING.value, _("Being rectified")),
    (State.SUBMITTED.value, _("Submitted, to be verified")),
    (State.RETURNED.value, _("Sent back")),
    (State.VERIFIED.value, _("Verified, to be closed")),
    (State.SUSPENDED.value, _("Suspended")),
    (State.CLOSED.value, pgettext_lazy("hazard", "Closed")),
    (State.CANCELLED.value, pgettext_lazy("hazard", "Cancelled")),
]
STATE = dict(STATES)

ACTIONS = [
    ("report", _("Report the hazard")),
    (Action.GRADE.value, _("Settle as a general hazard")),
    (Action.PROPOSE_MAJOR.value, _("Propose as a major hazard")),
    (Action.CONFIRM_MAJOR.value, _("Confirm as major")),
    (Action.REJECT_MAJOR.value, _("Not major, back to grading")),
    (Action.ASSIGN.value, _("Order the rectification")),
    (Action.START.value, _("Accept and begin")),
    (Action.SUBMIT.value, _("Hand in for re-check")),
    (Action.VERIFY.value, _("Re-check passed")),
    (Action.SEND_BACK.value, _("Send back to be done again")),
    (Action.CLOSE.value, _("Close the hazard")),
    (Action.SUSPEND.value, _("Suspend the rectification")),
    (Action.RESUME.value, _("Resume the rectification")),
    (Action.TRANSFER.value, _("Hand to another unit")),
    (Action.REOPEN.value, _("Open again")),
    (Action.CANCEL.value, _("Cancel the entry")),
    ("ask_extension", _("Ask for an extension")),
    ("grant_extension", _("Grant the extension")),
    ("refuse_extension", _("Refuse the extension")),
    ("import", _("Enter from the old ledger")),
]
ACTION = dict(ACTIONS) | {
    "plan": _("Fill in the five fixings"),
    "decide_extension": _("Decide on the extension"),
    "fix_on_spot": _("It was put right on the spot"),
    "add_photos": _("Add photos"),
}
PHRASES = [
    _("Fire extinguishers are past their date"),
    _("The escape route is blocked"),
    _("The emergency exit is locked"),
    _("Emergency lights do not work"),
    _("Electric bicycles are charged in the stairwell"),
    _("Wires are laid without protection"),
    _("The gas hose is aged or too long"),
    _("There is no gas alarm, or it is off"),
    _("The hydrant has no water or is covered"),
    _("Fire doors do not close by themselves"),
    _("No record of training"),
    _("No warning sign"),
]
"""What is found most often, in the words of the field: a press instead of typing on a phone."""
STOPS = {
    "found": pgettext_lazy("stop", "Found"),
    "graded": pgettext_lazy("stop", "Graded"),
    "ordered": _("Ordered"),
    "rectified": _("Rectified"),
    "verified": _("Re-checked"),
    "closed": _("Struck off"),
}
"""The stops of the road as the page of a hazard shows them."""
PAPERS = {
    "order": _("Print the order to rectify"),
    "recheck": _("Print the opinion on the re-check"),
    "notice": _("Print the notice for the shop"),
}
MOVE_EVENT = {"report": "hazards.reported", "import": "hazards.imported"}
"""Actions whose event is not called like themselves."""

GRADES = [(Grade.GENERAL.value, _("General hazard")), (Grade.MAJOR.value, _("Major hazard"))]
GRADE = dict(GRADES) | {"": _("Not graded yet")}

SOURCES = [
    (Source.SELF_CHECK.value, _("Enterprise self-check")),
    (Source.EXPERT.value, _("Expert diagnosis")),
    (Source.GOVERNMENT.value, _("Government inspection")),
    (Source.GRID.value, _("Grid patrol")),
    (Source.HOUSEHOLD.value, _("Household visit")),
    (Source.JOINT.value, _("Joint inspection")),
    (Source.UNANNOUNCED.value, _("Unannounced visit")),
    (Source.TIP.value, _("Public tip")),
    (Source.MONITORING.value, _("Online monitoring")),
    (Source.DRILL.value, _("Drill review")),
    (Source.IMPORT.value, _("Old ledger")),
]
SOURCE = dict(SOURCES)

FIXINGS = {
    Fixing.RESPONSIBILITY: _("Responsible person and phone"),
    Fixing.MEASURES: _("Measures"),
    Fixing.FUNDS: _("Funds"),
    Fixing.DEADLINE: _("Deadline"),
    Fixing.PLAN: _("Emergency plan and interim control"),
}

RUNG_TO = {
    "unit": _("Responsible person and unit"),
    "person": _("Responsible person and unit"),
    "town": _("Township"),
    "county": _("County safety office"),
    "letter": _("Supervision letter"),
    "listing": _("Listed supervision"),
}

REFUSALS = {
    "hazards.move_not_offered": Sentence(
        _("This hazard has moved on: it is now “%(state)s”."),
        _("Look at the page again; somebody may have acted before you."),
    ),
    "hazards.own_work": Sentence(
        _("You took part in rectifying this hazard, so you cannot check it."), _("Ask a colleague to re-check it.")
    ),
    "hazards.second_person": Sentence(
        _("You proposed this grade, so somebody else has to decide on it."),
        _("Ask a second inspector or the county office."),
    ),
    "hazards.second_acceptor": Sentence(
        _("A major hazard is accepted by two people, and you were the first."), _("Ask a second person to close it.")
    ),
    "hazards.criterion_missing": Sentence(
        _("A major grade needs the criterion that makes it major."), _("Choose the matching row of the standard.")
    ),
    "hazards.already_major": Sentence(_("This hazard is already graded as major."), _("Nothing needs to be done.")),
    "hazards.fixings_missing": Sentence(
        _("A major hazard needs all five fixings; missing: %(missing)s."), _("Fill in what is missing, then try again.")
    ),
    "hazards.evidence_missing": Sentence(
        _("There is no photo taken after the order."), _("Take a photo of the place as it is now and add it.")
    ),
    "hazards.photo_before_missing": Sentence(
        _("There is no photo of the hazard."), _("Take a photo of what is wrong before it is put right.")
    ),
    "hazards.deadline_past": Sentence(_("The deadline lies in the past."), _("Choose today or a later day."), 422),
    "hazards.deadline_too_far": Sentence(
        _("The deadline is later than the rule allows (%(longest)s days)."),
        _("Choose an earlier day; if more time is needed, an extension can be asked for later."),
        422,
    ),
    "hazards.deadline_missing": Sentence(
        _("There is no deadline."), _("Choose the day until which it must be done."), 422
    ),
    "hazards.nothing_to_extend": Sentence(
        _("There is no running deadline to extend."), _("An extension is asked for while the unit is rectifying.")
    ),
    "hazards.extension_open": Sentence(
        _("An extension has been asked for and not yet decided."), _("Decide on it first, or wait for the decision.")
    ),
    "hazards.extension_late": Sentence(
        _("The deadline has passed; an extension is asked for before it."),
        _("Hand in what is done and say what is lacking; the lateness stays on record."),
    ),
    "hazards.extension_not_later": Sentence(
        _("The new deadline is not later than the present one."), _("Choose a later day."), 422
    ),
    "hazards.extension_words": Sentence(
        _("An extension needs a reason and interim measures."),
        _("Say why, and how people are kept safe meanwhile."),
        422,
    ),
    "hazards.own_extension": Sentence(
        _("You asked for this extension, so somebody else decides on it."),
        _("Ask a colleague who may grant extensions."),
    ),
    "hazards.extension_higher": Sentence(
        _("This hazard was extended once already; a further extension is for the county office."),
        _("Ask the county safety office to decide."),
    ),
    "hazards.extension_decided": Sentence(_("This extension has been decided already."), _("Look at the page again.")),
    "hazards.closed_too_long": Sentence(
        _("This hazard was closed too long ago to be opened again."),
        _("Report it anew; it will be linked as a relapse."),
    ),
    "hazards.not_closed": Sentence(
        _("Only a closed hazard can relapse."), _("Send it back instead if it is not done properly.")
    ),
    "hazards.note_missing": Sentence(_("This needs a reason in words."), _("Say why in the note."), 422),
    "hazards.description_missing": Sentence(
        _("What is wrong is not described."), _("Say in one sentence what is wrong and where."), 422
    ),
    "hazards.on_spot_major": Sentence(
        _("A hazard that matches a major criterion is not closed on the spot."),
        _("Report it; an inspector will grade it."),
    ),
    "hazards.on_spot_own": Sentence(
        _("What a unit finds and puts right in its own house is not closed by itself."),
        _("Record it and hand in the photos; an inspector re-checks it."),
    ),
    "hazards.paper_one_unit": Sentence(
        _("One paper is about one place."), _("Issue a paper of its own for each place."), 422
    ),
    "hazards.paper_not_ordered": Sentence(
        _("There is an order to print only while the unit has to rectify."), _("Order the rectification first.")
    ),
    "hazards.unknown_unit": Sentence(
        _("There is no such organisation here."), _("Choose one of this county from the list."), 422
    ),
    "hazards.too_long": Sentence(
        _("This text is too long; at most %(longest)s characters fit."), _("Shorten it."), 422
    ),
    "hazards.bad_id": Sentence(
        _("The number this form gave itself cannot be used."), _("Open the form anew; what you typed is kept."), 422
    ),
    "hazards.id_taken": Sentence(
        _("The number this form gave itself is in use already."), _("Open the form anew; what you typed is kept.")
    ),
    "hazards.found_later": Sentence(_("The hazard was found in the future."), _("Check the date."), 422),
    "hazards.unknown_domain": Sentence(_("This domain is unknown."), _("Choose one from the list."), 422),
    "hazards.unknown_source": Sentence(_("This source is unknown."), _("Choose one from the list."), 422),
    "hazards.same_unit": Sentence(_("It is this unit's already."), _("Choose another unit."), 422),
}

EVENTS = {
    "hazards.reported": _("Hazard reported"),
    "hazards.grade": _("Settled as general"),
    "hazards.propose_major": _("Proposed as major"),
    "hazards.confirm_major": _("Confirmed as major"),
    "hazards.reject_major": _("Not confirmed as major"),
    "hazards.assign": _("Rectification ordered"),
    "hazards.start": _("Accepted by the unit"),
    "hazards.submit": _("Handed in for re-check"),
    "hazards.verify": _("Re-check passed"),
    "hazards.send_back": _("Sent back"),
    "hazards.close": _("Hazard closed"),
    "hazards.suspend": _("Suspended"),
    "hazards.resume": _("Resumed"),
    "hazards.transfer": _("Handed to another unit"),
    "hazards.reopen": _("Opened again"),
    "hazards.cancel": _("Entry cancelled"),
    "hazards.plan": _("Five fixings filled in"),
    "hazards.extension_asked": _("Extension asked for"),
    "hazards.extension_granted": _("Extension granted"),
    "hazards.extension_refused": _("Extension refused"),
    "hazards.late": _("Became late"),
    "hazards.reminded": _("Reminder sent"),
    "hazards.imported": _("Entered from the old ledger"),
    "hazards.evidence": _("Evidence added"),
    "hazards.unmasked": _("Phone number looked at"),
    "hazards.moved_to_site": _("Hazards moved to the merged site file"),
}

NOTICES = {
    "hazards.reported": _("New hazard to grade: %(site)s – %(what)s"),
    "hazards.grade": _("Graded, to be ordered: %(site)s – %(what)s"),
    "hazards.propose_major": _("Proposed as major, your decision is needed: %(site)s – %(what)s"),
    "hazards.confirm_major": _("Confirmed as major, to be ordered: %(site)s – %(what)s"),
    "hazards.reject_major": _("Not major, to be graded again: %(site)s – %(what)s"),
    "hazards.assign": _("To be rectified until %(due)s: %(site)s – %(what)s"),
    "hazards.start": _("The unit has accepted: %(site)s – %(what)s"),
    "hazards.submit": _("Handed in, to be re-checked: %(site)s – %(what)s"),
    "hazards.verify": _("Re-check passed: %(site)s – %(what)s"),
    "hazards.send_back": _("Sent back, to be done again until %(due)s: %(site)s – %(what)s"),
    "hazards.close": _("Closed: %(site)s – %(what)s"),
    "hazards.cancel": _("Entry cancelled: %(site)s – %(what)s"),
    "hazards.suspend": _("Suspended: %(site)s – %(what)s"),
    "hazards.resume": _("Goes on until %(due)s: %(site)s – %(what)s"),
    "hazards.transfer": _("Handed to your unit, until %(due)s: %(site)s – %(what)s"),
    "hazards.reopen": _("Opened again: %(site)s – %(what)s"),
    "hazards.extension_asked": _("An extension is asked for: %(site)s – %(what)s"),
    "hazards.extension_granted": _("Extension granted, now until %(due)s: %(site)s – %(what)s"),
    "hazards.extension_refused": _("Extension refused, still until %(due)s: %(site)s – %(what)s"),
    "hazards.due_soon": _("Due on %(due)s: %(site)s – %(what)s"),
    "hazards.overdue": _("%(days)s days late: %(site)s – %(what)s"),
}

LEDGER_FIELDS = {
    Field.NUMBER: _("Hazard number"),
    Field.SITE: _("Unit or place"),
    Field.USCC: _("Unified social credit code"),
    Field.ADDRESS: _("Address"),
    Field.KIND: _("Kind of place"),
    Field.DOMAIN: _("Domain"),
    Field.TOWN: _("Town"),
    Field.PLACE: _("Where in the place"),
    Field.FOUND_ON: _("Found on"),
    Field.FOUND_BY: _("Found by"),
    Field.SOURCE: _("How it was found"),
    Field.DESCRIPTION: _("What is wrong"),
    Field.GRADE: _("Grade"),
    Field.BASIS: _("Basis"),
    Field.MEASURES: _("Required measures"),
    Field.FUNDS: _("Funds"),
    Field.PLAN: _("Emergency plan and interim control"),
    Field.PERSON: _("Responsible person"),
    Field.PHONE: _("Phone"),
    Field.DUE: _("Deadline"),
    Field.FINISHED: _("Finished on"),
    Field.STATE: _("Rectified or not"),
    Field.DEPARTMENT: _("Supervising department"),
    Field.CAMPAIGN: _("Campaign"),
    Field.NOTE: _("Note"),
}

LEDGER_PROBLEMS = {
    "ledger.missing": _("is empty; fill it in"),
    "ledger.too_long": _("is too long: “%(said)s…”; shorten it"),
    "ledger.future": _("lies in the future: %(said)s"),
    "ledger.date_unreadable": _("is no date that can be read: “%(said)s”; write 2026-03-05"),
    "ledger.date_impossible": _("is a day that does not exist: %(said)s"),
    "ledger.date_year_missing": _("has no year: “%(said)s”; write 2026-03-05"),
    "ledger.date_day_missing": _("has no day: “%(said)s”; write 2026-03-05"),
    "ledger.date_ambiguous": _("can be read in two ways: %(said)s; write 2026-03-05"),
    "ledger.grade_unknown": _("is neither 一般 nor 重大: “%(said)s”"),
    "ledger.state_unknown": _("cannot be read: “%(said)s”; write 已整改 or 整改中"),
    "ledger.state_contradicts": _("says it is not done (“%(said)s”), yet a finishing date stands beside it"),
    "ledger.due_before_found": _("lies before the day it was found: %(said)s"),
    "ledger.done_before_found": _("lies before the day it was found: %(said)s"),
    "ledger.same_as_row": _("is the same as in row %(said)s of this file"),
    "ledger.site_unknown": _("“%(said)s” is not among the sites; make the site, or allow new sites to be made"),
    "ledger.site_similar": _("is not among the sites under this name; was one of these meant: %(said)s?"),
    "ledger.site_ambiguous": _("several sites are called “%(said)s”; add the address or the town"),
}

REFUSALS |= {
    "ledger.no_header": Sentence(
        _("No header row was found in this file."),
        _("It needs a row with column names such as 单位名称, 检查日期, 隐患内容; put it under the title."),
        422,
    ),
    "ledger.columns_missing": Sentence(
        _("Columns are missing: %(missing)s."), _("Say which column of the file they are, or add them."), 422
    ),
    "ledger.columns_doubled": Sentence(
        _("Two columns were given the same meaning: %(doubled)s."), _("Keep one of them."), 422
    ),
    "ledger.file_missing": Sentence(_("There is no file at %(path)s."), _("Check the name and the folder."), 404),
    "ledger.region_unknown": Sentence(
        _("There is no county or town with the code %(code)s whose ledger you keep."),
        _("Check the code; a county has six digits, e.g. 140930."),
        404,
    ),
}

EVENTS |= {
    "hazards.ledger_imported": _("Old ledger entered"),
    "hazards.ledger_exported": _("Ledger exported"),
    "hazards.ledger_sent": _("Old ledger sent in"),
}
