"""Words for visits and plans, the refusals of this room, its events, notices and papers."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.errors import Sentence
from anwang.work.inspections.rules import Action, Kind, State, Third

KINDS = [
    (Kind.SELF_CHECK.value, _("Enterprise self-check")),
    (Kind.EXPERT.value, _("Expert diagnosis")),
    (Kind.GOVERNMENT.value, _("Government inspection")),
    (Kind.PATROL.value, _("Grid patrol")),
    (Kind.HOUSEHOLD.value, _("Household visit")),
    (Kind.JOINT.value, _("Joint inspection")),
    (Kind.UNANNOUNCED.value, _("Unannounced visit")),
]
KIND = dict(KINDS)

KIND_HINT = {
    Kind.SELF_CHECK.value: _("Your own people look at your own place."),
    Kind.EXPERT.value: _("Advice and hazards with their basis; no orders."),
    Kind.GOVERNMENT.value: _("In the name of your office: two people with certificates, signed record."),
    Kind.PATROL.value: _("A walk through the grid: a short checklist, hazards with photos."),
    Kind.HOUSEHOLD.value: _("At somebody's home: gas, electricity, people who need care."),
    Kind.JOINT.value: _("Several departments at once: one record, a section for each, one list to rectify."),
    Kind.UNANNOUNCED.value: _("Nobody is told before you stand there."),
}

STATES = [
    (State.ARRANGED.value, _("Arranged")),
    (State.ONGOING.value, _("Under way")),
    (State.DONE.value, pgettext_lazy("visit", "Done")),
    (State.ABSENT.value, _("Nobody there")),
    (State.REFUSED.value, _("Turned away")),
    (State.CANCELLED.value, pgettext_lazy("visit", "Cancelled")),
]
STATE = dict(STATES)
TONE = {
    State.ARRANGED.value: "open",
    State.ONGOING.value: "doing",
    State.DONE.value: "done",
    State.ABSENT.value: "waiting",
    State.REFUSED.value: "stopped",
    State.CANCELLED.value: "stopped",
}

ACTIONS = [
    ("arrange", _("Arrange the visit")),
    (Action.BEGIN.value, _("Begin the visit")),
    (Action.FINISH.value, _("Finish and sign the record")),
    (Action.NOBODY.value, _("Nobody there, notice left")),
    (Action.TURNED_AWAY.value, _("Turned away")),
    (Action.CANCEL.value, _("Cancel the visit")),
]
ACTION = dict(ACTIONS)

THIRDS = {
    Third.SELF: _("Enterprise self-check"),
    Third.EXPERT: _("Expert diagnosis"),
    Third.GOVERNMENT: _("Government inspection"),
}

REFUSALS = {
    "inspections.move_not_offered": Sentence(
        _("This visit has moved on: it is now “%(state)s”."), _("Look at the page again.")
    ),
    "inspections.people_missing": Sentence(
        _("An official inspection needs at least %(needed)s people; there are %(there)s."),
        _("Add the colleague who is with you."),
    ),
    "inspections.certificates_missing": Sentence(
        _("At least %(needed)s people need an enforcement certificate; noted are %(certified)s."),
        _("Write down the certificate numbers, or bring a colleague who holds one."),
    ),
    "inspections.certificate_not_shown": Sentence(
        _("It is not noted that certificates were shown."), _("Show them, then tick the box.")
    ),
    "inspections.unanswered": Sentence(
        _("%(unanswered)s items of the checklist are not answered."),
        _("Answer them, or mark them as not applicable."),
    ),
    "inspections.unreported": Sentence(
        _("%(unreported)s failed items have no hazard yet."),
        _("Record each with a photo, or correct the answer."),
    ),
    "inspections.nothing_recorded": Sentence(
        _("Nothing is on the record yet."), _("Choose a checklist, or write down what was looked at.")
    ),
    "inspections.unsigned": Sentence(
        _("The place has not signed."), _("Let them sign on the screen, or write down that they refused and why.")
    ),
    "inspections.has_findings": Sentence(
        _("Hazards were recorded on this visit, so it took place."), _("Finish it with its record.")
    ),
    "inspections.not_ongoing": Sentence(
        _("The visit is not under way."), _("Begin the visit first; a finished record is not changed any more.")
    ),
    "inspections.ended": Sentence(_("The visit has ended."), _("A finished record is not changed any more.")),
    "inspections.not_there": Sentence(
        _("You do not take part in this visit."), _("Ask its leader to add you to the people there."), 403
    ),
    "inspections.other_section": Sentence(
        _("This section is another department's."), _("Answer your own; its people answer theirs."), 403
    ),
    "inspections.kind_not_yours": Sentence(
        _("You cannot make a visit of this kind here."),
        _("Choose another kind, or ask your office who makes such visits."),
        403,
    ),
    "inspections.lead_unfit": Sentence(
        _("%(name)s cannot make a visit of this kind here."),
        _("Choose somebody who inspects this place and this domain."),
        422,
    ),
    "inspections.site_closed": Sentence(
        _("This place is closed or suspended."), _("Look at its file; there is nothing to inspect at present.")
    ),
    "inspections.kind_unknown": Sentence(_("This kind of visit is unknown."), _("Choose one from the list."), 422),
    "inspections.day_past": Sentence(_("This day has passed."), _("Choose today or a later day."), 422),
    "inspections.bad_id": Sentence(
        _("The number this phone gave the visit cannot be used."), _("Begin the visit anew."), 422
    ),
    "inspections.checklist_missing": Sentence(
        _("No checklist was chosen."), _("Choose the one that fits the place."), 422
    ),
    "inspections.checklist_twice": Sentence(
        _("This checklist is being filled on this visit already."), _("Go on with it."), 422
    ),
    "inspections.sheet_unknown": Sentence(
        _("This checklist does not belong to the visit."), _("Load the page again."), 422
    ),
    "inspections.sheet_has_findings": Sentence(
        _("Hazards were recorded from this checklist."), _("Go on with it; another one can be added.")
    ),
    "inspections.item_unknown": Sentence(_("The checklist has no such item."), _("Load the page again."), 422),
    "inspections.item_not_failed": Sentence(
        _("This item was not answered as failed."), _("Correct the answer first, or record the hazard by itself."), 422
    ),
    "inspections.finding_time": Sentence(
        _("This was found before the visit began or after it ended."), _("Check the time."), 422
    ),
    "inspections.signer_missing": Sentence(
        _("Who put it right for the place is not named."), _("Write the name of the person who did it."), 422
    ),
    "inspections.signature_missing": Sentence(
        _("What was put right on the spot has no signature."), _("Let the person who did it sign on the screen."), 422
    ),
    "inspections.note_missing": Sentence(_("This needs a word of explanation."), _("Write what happened."), 422),
    "inspections.too_long": Sentence(
        _("This text is too long; at most %(longest)s characters fit."), _("Shorten it."), 422
    ),
    "inspections.begins_later": Sentence(_("The visit cannot begin in the future."), _("Check the time."), 422),
    "inspections.ends_wrong": Sentence(
        _("The visit cannot end before it began, nor in the future."), _("Check the time."), 422
    ),
    "inspections.revisit_missing": Sentence(
        _("No day is named for the next attempt."), _("Choose the day that stands on the notice you left."), 422
    ),
    "inspections.revisit_past": Sentence(
        _("The next attempt lies not ahead."), _("Choose a day from tomorrow on."), 422
    ),
    "inspections.already_there": Sentence(_("This person is already on the list."), _("Choose somebody else."), 422),
    "inspections.person_unnamed": Sentence(_("Nobody is named."), _("Choose a colleague or write a name."), 422),
    "inspections.lead_stays": Sentence(
        _("The leader of the visit stays on its record."), _("End the visit, or let a colleague begin their own.")
    ),
    "inspections.record_not_ready": Sentence(
        _("The record is printed once the visit is finished."), _("Finish the visit and let the place sign.")
    ),
    "inspections.nothing_due": Sentence(
        _("No site fits this plan."), _("Widen the kinds, the classes or the period."), 422
    ),
    "inspections.too_many": Sentence(
        _("This plan would hold %(n)s visits; at most %(most)s fit into one."),
        _("Make it for one domain, one town or a shorter period."),
        422,
    ),
    "inspections.plan_period": Sentence(_("The period ends before it begins."), _("Check both days."), 422),
    "inspections.plan_too_long": Sentence(_("A plan spans three years at most."), _("Check both days."), 422),
    "inspections.plan_untitled": Sentence(_("The plan has no name."), _("Give it one, with its year."), 422),
    "inspections.plan_withdrawn": Sentence(_("This plan was withdrawn."), _("Make a new one.")),
    "inspections.slot_settled": Sentence(
        _("This planned visit is done or was left out already."), _("Look at the page again.")
    ),
}

EVENTS = {
    "inspections.arrange": _("Visit arranged"),
    "inspections.begin": _("Visit begun"),
    "inspections.joined": _("Person added to the visit"),
    "inspections.left": _("Person left the visit"),
    "inspections.checklist": _("Checklist chosen"),
    "inspections.checklist_set_aside": _("Checklist set aside"),
    "inspections.finding": _("Finding recorded"),
    "inspections.finish": _("Visit finished"),
    "inspections.nobody": _("Nobody there"),
    "inspections.turned_away": _("Turned away"),
    "inspections.cancel": _("Visit cancelled"),
    "inspections.record": _("Inspection record made"),
    "inspections.planned": _("Inspection plan made"),
    "inspections.plan_withdrawn": _("Inspection plan withdrawn"),
    "inspections.left_out": _("Planned visit left out"),
    "inspections.moved_to_site": _("Visits moved to the merged site file"),
}

THINGS = {
    "inspection": _("Inspection visit"),
    "inspection_plan": _("Inspection plan"),
    "planned_visit": _("Planned visit"),
}

JOBS = {
    "inspections.announce": _("Tell people about a visit"),
    "inspections.morning": _("Remind of visits due today"),
}

NOTICES = {
    "inspections.arranged": _("You are to visit %(site)s on %(due)s: %(kind)s"),
    "inspections.expected": _("An inspection of %(site)s is arranged for %(due)s: %(kind)s"),
    "inspections.joined": _("You were added to a visit: %(site)s, %(kind)s"),
    "inspections.done": _("Inspection finished at %(site)s: %(findings)s hazards recorded"),
    "inspections.revisit": _("Nobody was there: visit %(site)s again on %(due)s (attempt %(n)s)"),
    "inspections.absent_again": _("Nobody opened at %(site)s after %(n)s attempts; the office has to decide"),
    "inspections.turned_away": _("Inspectors were turned away at %(site)s: %(note)s"),
    "inspections.due_today": _("%(n)s visits are due today or late, the first: %(site)s"),
    "inspections.unfinished": _("The visit to %(site)s was begun on %(began)s and is not finished"),
}
