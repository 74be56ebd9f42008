"""The words of checklists."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.errors import Sentence
from anwang.work.checklists.rules import Action, FilledState, Grade, Kind, State, Verdict

Text = str | Promise

KINDS: dict[str, Text] = {
    Kind.CHECK: _("Pass or fail"),
    Kind.SCORE: _("Score"),
    Kind.NUMBER: _("Number"),
    Kind.TEXT: _("Words"),
    Kind.CHOICE: _("Choice"),
}
VERDICTS: dict[str, Text] = {
    Verdict.PASS: pgettext_lazy("verdict", "Pass"),
    Verdict.FAIL: pgettext_lazy("verdict", "Fail"),
    Verdict.NA: pgettext_lazy("verdict", "Does not apply"),
}
GRADES: dict[str, Text] = {Grade.GENERAL: _("General hazard"), Grade.MAJOR: _("Major hazard")}
STATES: dict[str, Text] = {
    State.DRAFT: pgettext_lazy("version", "Draft"),
    State.OFFERED: pgettext_lazy("version", "Waiting to be adopted"),
    State.PUBLISHED: pgettext_lazy("version", "Published"),
    State.REPLACED: pgettext_lazy("version", "Replaced"),
    State.DISCARDED: pgettext_lazy("version", "Discarded"),
}
TONES: dict[str, str] = {
    State.DRAFT: "doing",
    State.OFFERED: "waiting",
    State.PUBLISHED: "done",
    State.REPLACED: "stopped",
    State.DISCARDED: "stopped",
}
ACTIONS: dict[str, Text] = {
    Action.PUBLISH: _("Publish this version"),
    Action.OFFER: _("Offered by the shipped library"),
    Action.REPLACE: _("Replaced by a newer version"),
    Action.DISCARD: _("Discard the draft"),
}
FILLED: dict[str, Text] = {
    FilledState.OPEN: _("Being filled"),
    FilledState.DONE: _("Finished"),
}
DEPARTMENTS: dict[str, Text] = {
    "": _("Everybody"),
    "civil_affairs": _("Civil affairs"),
    "fire": _("Fire rescue"),
    "market": _("Market regulation"),
    "housing": _("Housing and construction"),
    "health": _("Health department"),
    "emergency": _("Emergency management"),
    "education": _("Education department"),
    "culture": _("Culture and tourism department"),
    "gas": _("Urban management (gas)"),
    "police": _("Police"),
}

_FILE = _("Put the sheet right and send it again.")
_DRAFT = _("Put the draft right and publish it then.")
REFUSALS: dict[str, Sentence] = {
    "checklists.move_not_offered": Sentence(
        _("This cannot be done with this version now."), _("Load the page again and see where it stands.")
    ),
    "checklists.not_draft": Sentence(
        _("Only a draft can be changed."), _("Start a new version; what was filled keeps its own.")
    ),
    "checklists.not_published": Sentence(
        _("This checklist is not published."), _("Choose a published one, or publish it first."), 422
    ),
    "checklists.unknown": Sentence(_("There is no checklist %(name)s."), _("Choose one from the list."), 422),
    "checklists.key_missing": Sentence(
        _("The checklist has no short name."), _("Give one of small letters, digits and hyphens."), 422
    ),
    "checklists.key_taken": Sentence(
        _("There is a checklist with this short name: %(title)s."), _("Give another short name."), 422
    ),
    "checklists.title_missing": Sentence(_("The checklist has no Chinese title."), _DRAFT, 422),
    "checklists.empty": Sentence(_("The checklist asks nothing."), _("Add at least one item."), 422),
    "checklists.section_twice": Sentence(_("There are two sections of one code (%(where)s)."), _DRAFT, 422),
    "checklists.section_unknown": Sentence(
        _("There is no section %(where)s."), _("Add the section first, or load the page again."), 422
    ),
    "checklists.section_full": Sentence(_("The section still has items."), _("Move or remove its items first.")),
    "checklists.code_missing": Sentence(_("An item has no code."), _DRAFT, 422),
    "checklists.code_wrong": Sentence(
        _("The code does not fit (%(where)s)."), _("Up to 20 letters, digits, dots and hyphens."), 422
    ),
    "checklists.code_twice": Sentence(_("There are two items of one code (%(where)s)."), _("Give another code."), 422),
    "checklists.text_missing": Sentence(_("The item has no Chinese text (%(where)s)."), _DRAFT, 422),
    "checklists.kind_unknown": Sentence(
        _("The kind of answer is unknown (%(where)s)."), _("Pass or fail, score, number, words or choice."), 422
    ),
    "checklists.grade_unknown": Sentence(_("The grade is unknown (%(where)s)."), _("General or major."), 422),
    "checklists.criterion_missing": Sentence(
        _("A major hazard is proposed without a criterion (%(where)s)."),
        _("Choose the criterion from the standards."),
        422,
    ),
    "checklists.criterion_unknown": Sentence(
        _("The standards have no row %(urn)s (%(where)s)."), _("Search the standards for the right one."), 422
    ),
    "checklists.options_wrong": Sentence(
        _("The options do not fit (%(where)s)."),
        _("A choice has different options, each with a value; other kinds of answers have none."),
        422,
    ),
    "checklists.points_wrong": Sentence(
        _("The points do not fit (%(where)s)."),
        _("A score has points from 1, and a veto below them; other kinds of answers have none."),
        422,
    ),
    "checklists.bounds_wrong": Sentence(
        _("The upper bound lies below the lower one (%(where)s)."), _("Set the two numbers right."), 422
    ),
    "checklists.fail_missing": Sentence(
        _("It is not said what a failed item is called (%(where)s)."),
        _("Write the hazard as it should stand in the ledger."),
        422,
    ),
    "checklists.condition_later": Sentence(
        _("The item depends on one that does not stand before it (%(where)s)."),
        _("Change the order or the condition."),
        422,
    ),
    "checklists.condition_unknown": Sentence(
        _("The item depends on an answer that cannot be given (%(where)s)."),
        _("Conditions look at pass-or-fail items and choices."),
        422,
    ),
    "checklists.condition_used": Sentence(
        _("Other items depend on this one: %(codes)s."), _("Change their conditions first.")
    ),
    "checklists.points_sum": Sentence(
        _("The points of the items do not add up to the total."), _("Change the points, or the total."), 422
    ),
    "checklists.bands_wrong": Sentence(
        _("The bands do not fit."), _("They fall from the best to 0, and the band of a veto is one of them."), 422
    ),
    "checklists.item_wrong": Sentence(_("An item cannot be read (%(where)s)."), _FILE, 422),
    "checklists.item_unknown": Sentence(
        _("The checklist has no such item (%(where)s)."), _("Load the page again."), 422
    ),
    "checklists.domain_unknown": Sentence(_("The domain is unknown."), _("Choose one from the list."), 422),
    "checklists.nothing_changed": Sentence(
        _("The draft asks exactly what is published."),
        _("Change something, or discard the draft."),
    ),
    "checklists.reason_missing": Sentence(
        _("The reason for the new version is missing."), _("Say what is different and why."), 422
    ),
    "checklists.retired": Sentence(_("This checklist is retired."), _("Take it up again first.")),
    "checklists.sheet_no_header": Sentence(
        _("No row of column names was found in the sheet."),
        _("Take the template: it needs at least the column of the items."),
        422,
    ),
    "checklists.already_done": Sentence(
        _("This checklist has been finished; its answers stand."), _("Fill a new one for another visit.")
    ),
    "checklists.answers_unfit": Sentence(
        _("Some answers do not fit: %(items)s."), _("Go to these items and answer them again."), 422
    ),
    "checklists.not_answered": Sentence(
        _("These items are not answered: %(items)s."), _("Answer them, or say that they do not apply."), 422
    ),
    "checklists.photo_missing": Sentence(
        _("A photo is missing for: %(items)s."), _("Take a picture of what is wrong."), 422
    ),
    "checklists.answers_shape": Sentence(
        _("The answers cannot be read."), _("Send them as item code and answer."), 422
    ),
    "checklists.newer_answers": Sentence(
        _("Somebody else has answered these items meanwhile: %(items)s."),
        _("Load the page again, look at both answers and choose."),
    ),
}

SHEET_COLUMNS: dict[str, tuple[str, ...]] = {
    "section_code": ("分节编号", "节号"),
    "section": ("分节", "检查项目", "类别", "检查方面", "项目", "分项"),
    "department": ("部门", "责任部门", "检查部门"),
    "code": ("编号", "序号", "项号"),
    "text_zh": ("检查内容", "检查要点", "检查标准", "检查事项", "内容", "要求"),
    "text_en": ("英文", "english"),
    "answer": ("答案类型", "作答方式"),
    "options": ("选项",),
    "max": ("分值", "标准分", "分数", "满分"),
    "low": ("下限",),
    "high": ("上限",),
    "unit": ("单位", "计量单位"),
    "bounds_fail": ("越限即隐患",),
    "when": ("显示条件", "条件"),
    "required": ("必答",),
    "photo": ("不合格拍照", "拍照"),
    "spot": ("可当场整改", "当场整改"),
    "veto_at": ("否决分",),
    "fail_zh": ("不合格描述", "隐患描述", "存在问题"),
    "grade": ("隐患等级", "等级"),
    "level": ("行业分级", "分级"),
    "criterion": ("判定条目", "重大隐患判定"),
    "basis": ("检查依据", "依据", "法规依据"),
}
"""Names that the columns of an incoming sheet go by; the first one is what our own file writes."""
SHEET_KINDS: dict[str, str] = {
    Kind.CHECK: "合格/不合格",
    Kind.SCORE: "打分",
    Kind.NUMBER: "数字",
    Kind.TEXT: "文字",
    Kind.CHOICE: "选择",
}
SHEET_GRADES: dict[str, str] = {Grade.GENERAL: "一般", Grade.MAJOR: "重大"}

EVENTS = {
    "checklists.library_loaded": _("Library of checklists loaded"),
    "checklists.made": _("Checklist made"),
    "checklists.draft_started": _("New version of a checklist begun"),
    "checklists.head_changed": _("Head of a checklist changed"),
    "checklists.published": _("Checklist published"),
    "checklists.discarded": _("Draft of a checklist discarded"),
    "checklists.retired": _("Checklist retired"),
    "checklists.reinstated": _("Checklist in use again"),
    "checklists.filled": _("Checklist filled"),
    "checklists.item_changed": _("Item of a checklist changed"),
}
