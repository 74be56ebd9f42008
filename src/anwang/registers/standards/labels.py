"""The words of the standards."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.errors import Sentence
from anwang.registers.standards.rules import Confidence, Edition, Severity, Status, Type

Text = str | Promise

TYPES: dict[str, Text] = {
    Type.INSTRUMENT: _("Law or standard"),
    Type.CLAUSE: _("Clause"),
    Type.CRITERION: _("Major-hazard criterion"),
    Type.DEADLINE: _("Rectification deadline"),
    Type.LADDER: _("Reminder or overdue rung"),
    Type.LIMIT: _("Time limit or count"),
    Type.SCALE: _("Risk scale"),
    Type.FREQUENCY: _("Inspection frequency"),
}
STATUSES: dict[str, Text] = {
    Status.IN_FORCE: pgettext_lazy("instrument", "In force"),
    Status.DRAFT: pgettext_lazy("instrument", "Draft"),
    Status.REPLACED: pgettext_lazy("instrument", "Replaced"),
    Status.REPEALED: pgettext_lazy("instrument", "Repealed"),
    Status.UNKNOWN: pgettext_lazy("instrument", "To be checked"),
}
CONFIDENCES: dict[str, Text] = {
    Confidence.HIGH: pgettext_lazy("confidence", "High"),
    Confidence.MEDIUM: pgettext_lazy("confidence", "Medium"),
    Confidence.LOW: pgettext_lazy("confidence", "Low"),
    Confidence.MISSING: pgettext_lazy("confidence", "Text missing"),
}
SEVERITIES: dict[str, Text] = {
    Severity.NONE: "—",
    Severity.MAJOR: _("A match is a major hazard"),
    Severity.ELEMENT: _("Counts with others towards a major hazard"),
}
EDITIONS: dict[str, Text] = {
    Edition.LIBRARY: _("Shipped library"),
    Edition.LOCAL: _("Our own edition"),
}
LIMIT_UNITS: dict[str, Text] = {
    "days": _("natural days"),
    "workdays": _("working days"),
    "months": _("months"),
    "times": _("times"),
    "people": _("people"),
    "hours": _("hours"),
}
RUNG_TO: dict[str, Text] = {
    "person": _("Responsible person"),
    "unit": _("Responsible unit"),
    "town": _("Township"),
    "county": _("County office"),
}
RUNG_ACTIONS: dict[str, Text] = {
    "remind": _("Remind"),
    "escalate": _("Tell the level above"),
    "letter": _("Supervision letter"),
    "list": _("Propose listed supervision"),
}
FIELDS: dict[str, Text] = {
    "title_zh": _("Title (Chinese)"),
    "title_en": _("Title (English)"),
    "gist_zh": _("Gist (Chinese)"),
    "gist_en": _("Gist (English)"),
    "note_zh": _("Note (Chinese)"),
    "note_en": _("Note (English)"),
    "instrument": _("Instrument"),
    "number": _("Document number"),
    "article": _("Article"),
    "item": _("Item"),
    "domains": _("Domains"),
    "severity": _("What a match means"),
    "data": _("Values"),
    "match": _("Words that suggest it"),
    "status": pgettext_lazy("instrument", "Status"),
    "effective_from": _("In force from"),
    "effective_to": _("In force until"),
    "source": _("Source"),
    "confidence": _("Confidence"),
    "editable": _("May be changed by an office"),
    "complete": _("Text complete"),
    "expected": _("Items in the official text"),
}

REFUSALS: dict[str, Sentence] = {
    "standards.not_in_force": Sentence(
        _("The row %(urn)s was not in force on %(on)s."),
        _("Choose a row that was in force on the day of the event."),
        422,
    ),
    "standards.unknown": Sentence(
        _("There is no row %(urn)s in the standards."), _("Search the standards and choose one."), 422
    ),
    "standards.not_editable": Sentence(
        _("This row comes from the official text and is not changed here."),
        _("Add a row of your own, or wait for the next version of the library."),
    ),
    "standards.reason_missing": Sentence(
        _("The reason is missing."), _("Say why the row is changed; it stays in the record."), 422
    ),
    "standards.nothing_changed": Sentence(
        _("Nothing was changed."), _("Change what should be different, or leave the page."), 422
    ),
    "standards.not_local": Sentence(
        _("Only an edition of our own can be withdrawn."),
        _("Revise the row, or let it end on a day."),
    ),
    "standards.already_withdrawn": Sentence(
        _("This edition has been withdrawn already."),
        _("Look at the version in force."),
    ),
    "standards.urn_taken": Sentence(
        _("There is a row with this number already: %(title)s."), _("Revise that row, or give another number."), 422
    ),
    "standards.title_missing": Sentence(
        _("The Chinese title is missing."), _("Say in a line what the row is about."), 422
    ),
    "standards.domain_missing": Sentence(_("No domain is chosen."), _("Choose the domains, or all of them."), 422),
    "standards.domain_unknown": Sentence(
        _("There is no domain %(domain)s."), _("Use the codes or names of the domains."), 422
    ),
    "standards.ends_before_start": Sentence(
        _("The row would end before it begins."), _("Set the two days right."), 422
    ),
    "standards.severity_missing": Sentence(
        _("It is not said what a match means."),
        _("Choose whether a match is a major hazard or counts towards one."),
        422,
    ),
    "standards.pattern_wrong": Sentence(
        _("A line of suggesting words cannot be read."),
        _("One line each: words joined by +, alternatives by |, for example 瓦斯+超限|超标."),
        422,
    ),
    "standards.word_unknown": Sentence(_("A value is not one of those offered."), _("Choose from the list."), 422),
    "standards.data_wrong": Sentence(
        _("The values of this row do not fit together."), _("Give whole numbers and choose the units offered."), 422
    ),
    "standards.type_not_addable": Sentence(
        _("Rows of this kind cannot be added, only revised."), _("Open the row and revise it."), 422
    ),
    "standards.instrument_unknown": Sentence(_("There is no instrument %(urn)s."), _("Add the instrument first."), 422),
    "standards.sheet_no_header": Sentence(
        _("No row of column names was found in the sheet."),
        _("Take the template: it needs at least the columns for article and title."),
        422,
    ),
}

SHEET_COLUMNS: dict[str, tuple[str, ...]] = {
    "article": ("条", "条号", "条款", "条文号", "article"),
    "item": ("项", "项号", "序号", "编号", "item"),
    "title_zh": ("要点", "标题", "内容", "情形", "判定情形", "隐患情形", "判定标准", "title"),
    "title_en": ("英文", "英文要点", "english"),
    "gist_zh": ("说明", "备注", "适用条件", "gist"),
    "match": ("关键词", "提示词", "keywords"),
    "domains": ("行业", "行业领域", "领域", "domains"),
    "severity": ("类型", "判定类型", "severity"),
    "effective_from": ("施行日期", "起始日期", "from"),
    "effective_to": ("失效日期", "终止日期", "to"),
}
"""Names that the columns of an incoming sheet go by; the first one is what our own template writes."""

EVENTS = {
    "standards.library_loaded": _("Library of standards loaded"),
    "standards.added": _("Row of the standards added"),
    "standards.revised": _("Row of the standards revised"),
    "standards.withdrawn": _("Row of the standards withdrawn"),
    "standards.imported": _("Text of a standard entered from a sheet"),
}
