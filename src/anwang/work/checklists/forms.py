"""What the keepers of checklists type."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.domains import Domain
from anwang.registers.sites import selectors as sites
from anwang.work.checklists import rules
from anwang.work.checklists.labels import DEPARTMENTS, GRADES, KINDS
from anwang.work.checklists.models import ChecklistVersion


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class NewForm(forms.Form):
    key = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        help_text=_("Small letters, digits and hyphens; it stays when the title changes, for example school-bus."),
    )
    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=120)
    title_en = forms.CharField(label=_("Title (English)"), max_length=200, required=False)
    domain = forms.ChoiceField(label=_("Domain"), choices=Domain.choices)


class HeadForm(forms.Form):
    """Title, where it is used, and the scoring of a draft."""

    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=120)
    title_en = forms.CharField(label=_("Title (English)"), max_length=200, required=False)
    domain = forms.ChoiceField(label=_("Domain"), choices=Domain.choices)
    also_domains = forms.MultipleChoiceField(
        label=_("Also used in"), choices=Domain.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    site_kinds = forms.MultipleChoiceField(
        label=_("Kinds of sites"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: any site of these domains."),
    )
    note_zh = forms.CharField(label=_("Note (Chinese)"), required=False, max_length=2000, widget=_area(2))
    note_en = forms.CharField(label=_("Note (English)"), required=False, max_length=2000, widget=_area(2))
    complete = forms.BooleanField(label=_("Text complete"), required=False)
    total = forms.IntegerField(
        label=_("Total points"),
        required=False,
        min_value=1,
        max_value=10_000,
        help_text=_("Empty: the checklist is not scored."),
    )
    bands = forms.CharField(
        label=_("Bands"),
        required=False,
        max_length=1000,
        widget=_area(3),
        help_text=_("One line each, best first: from how many points, a key, the word. For example: 80 green 绿"),
    )
    veto_band = forms.SlugField(label=_("Band of a veto"), required=False, max_length=20)
    valid_months = forms.IntegerField(label=_("Valid for (months)"), required=False, min_value=1, max_value=120)

    def __init__(self, *args: Any, version: ChecklistVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["site_kinds"]
        words = sites.kind_words()
        kinds.choices = [*words.items(), *((key, key) for key in version.site_kinds if key not in words)]
        for name in ("title_zh", "title_en", "domain", "also_domains", "site_kinds", "note_zh", "note_en", "complete"):
            self.initial.setdefault(name, getattr(version, name))
        if scoring := version.scoring:
            self.initial.update(total=scoring["total"], veto_band=scoring.get("veto_band", ""))
            self.initial["valid_months"] = scoring.get("valid_months")
            self.initial["bands"] = "\n".join(f"{band['min']} {band['key']} {band['zh']}" for band in scoring["bands"])
        self.bands_en = {band["key"]: band.get("en", "") for band in (version.scoring or {}).get("bands", ())}

    def clean_bands(self) -> list[dict[str, Any]]:
        found = []
        for line in _lines(self.cleaned_data["bands"]):
            parts = line.split(maxsplit=2)
            if len(parts) != 3 or not parts[0].isdigit():
                raise forms.ValidationError(_("A band reads like this: 80 green 绿"))
            found.append({"min": int(parts[0]), "key": parts[1], "zh": parts[2], "en": self.bands_en.get(parts[1], "")})
        return found

    def changes(self) -> dict[str, Any]:
        said = self.cleaned_data
        changes = {
            name: said[name]
            for name in (
                "title_zh",
                "title_en",
                "domain",
                "also_domains",
                "site_kinds",
                "note_zh",
                "note_en",
                "complete",
            )
        }
        changes["scoring"] = (
            {
                "total": said["total"],
                "bands": said["bands"],
                "veto_band": said["veto_band"],
                "valid_months": said["valid_months"],
            }
            if said["total"]
            else None
        )
        return changes


class SectionForm(forms.Form):
    code = forms.CharField(label=_("Code"), max_length=20)
    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=120)
    title_en = forms.CharField(label=_("Title (English)"), max_length=200, required=False)
    department = forms.ChoiceField(
        label=_("Department"),
        required=False,
        help_text=_("On a joint visit this section is answered by this department."),
    )

    def __init__(self, *args: Any, section: rules.Section | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        departments: Any = self.fields["department"]
        departments.choices = list(DEPARTMENTS.items())
        if section is not None:
            if section.department not in DEPARTMENTS:
                departments.choices = [*departments.choices, (section.department, section.department)]
            for name in self.fields:
                self.initial.setdefault(name, getattr(section, name))

    def section(self) -> rules.Section:
        said = self.cleaned_data
        return rules.Section(
            said["code"].strip(), said["title_zh"].strip(), said["title_en"].strip(), said["department"]
        )


class ItemForm(forms.Form):
    text_zh = forms.CharField(label=_("What is checked (Chinese)"), max_length=300, widget=_area(2))
    text_en = forms.CharField(label=_("What is checked (English)"), max_length=400, required=False)
    answer = forms.ChoiceField(label=_("Kind of answer"), choices=[(key, word) for key, word in KINDS.items()])
    options = forms.CharField(
        label=_("Options of a choice"),
        required=False,
        max_length=2000,
        widget=_area(3),
        help_text=_("One line each: value=word, for example lpg=瓶装液化气"),
    )
    max = forms.IntegerField(label=_("Points of a score"), required=False, min_value=1, max_value=1000)
    veto_at = forms.IntegerField(label=_("Veto at this score or below"), required=False, min_value=0, max_value=1000)
    low = forms.FloatField(label=_("Lower bound of a number"), required=False)
    high = forms.FloatField(label=_("Upper bound of a number"), required=False)
    unit = forms.CharField(label=_("Unit of a number"), required=False, max_length=20)
    bounds_fail = forms.BooleanField(
        label=_("A number outside the bounds is a hazard"),
        required=False,
        help_text=_("Otherwise it counts as a slip of the pen and is not taken."),
    )
    fail_zh = forms.CharField(
        label=_("The hazard when it fails"),
        required=False,
        max_length=300,
        widget=_area(2),
        help_text=_("As it should stand in the ledger; whoever records it may word it better."),
    )
    grade = forms.ChoiceField(label=_("Grade it proposes"), choices=[(key, word) for key, word in GRADES.items()])
    criterion = forms.CharField(
        label=_("Criterion (urn)"),
        required=False,
        max_length=120,
        help_text=_("The row of the standards that a failed item may be a case of; a major grade needs one."),
    )
    level = forms.CharField(
        label=_("Class of the trade"),
        required=False,
        max_length=8,
        help_text=_("For gas A, B or C: it sets the deadline."),
    )
    basis = forms.CharField(
        label=_("Basis (urns)"), required=False, max_length=2000, widget=_area(2), help_text=_("One a line.")
    )
    when = forms.CharField(
        label=_("Asked only if"),
        required=False,
        max_length=500,
        widget=_area(2),
        help_text=_(
            "One line each: code of an earlier item = answers joined by |, for example A0=lpg|ng. All must hold."
        ),
    )
    required = forms.BooleanField(label=_("Must be answered"), required=False)
    photo = forms.BooleanField(label=_("Needs a photo when it fails"), required=False)
    spot = forms.BooleanField(label=_("Can usually be put right on the spot"), required=False)
    code = forms.CharField(
        label=_("Code"), required=False, max_length=20, help_text=_("Empty: the next one of the section.")
    )

    def __init__(self, *args: Any, item: rules.Item | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if item is None:
            self.initial.update(required=True, photo=True, bounds_fail=True)
            return
        for name in self.fields:
            self.initial.setdefault(name, getattr(item, name))
        self.initial["options"] = "\n".join(f"{each.value}={each.zh}" for each in item.options)
        self.initial["when"] = "\n".join(f"{code}={'|'.join(wanted)}" for code, wanted in item.when.items())
        self.initial["basis"] = "\n".join(item.basis)
        self.options_en = {each.value: each.en for each in item.options}

    options_en: dict[str, str] = {}

    def _pairs(self, name: str) -> list[tuple[str, str]]:
        found = []
        for line in _lines(self.cleaned_data[name]):
            left, sign, right = line.partition("=")
            if not sign or not left.strip() or not right.strip():
                raise forms.ValidationError(_("Write one line each, with = between."))
            found.append((left.strip(), right.strip()))
        return found

    def clean_options(self) -> list[tuple[str, str]]:
        return self._pairs("options")

    def clean_when(self) -> list[tuple[str, str]]:
        return self._pairs("when")

    def item(self) -> rules.Item:
        said = self.cleaned_data
        return rules.Item(
            code=said["code"].strip(),
            text_zh=said["text_zh"].strip(),
            text_en=said["text_en"].strip(),
            answer=said["answer"],
            options=tuple(rules.Option(value, word, self.options_en.get(value, "")) for value, word in said["options"]),
            when={code: tuple(filter(None, answers.split("|"))) for code, answers in said["when"]},
            max=said["max"],
            low=said["low"],
            high=said["high"],
            unit=said["unit"].strip(),
            bounds_fail=said["bounds_fail"],
            required=said["required"],
            photo=said["photo"],
            spot=said["spot"],
            veto_at=said["veto_at"],
            fail_zh=said["fail_zh"].strip(),
            grade=said["grade"],
            level=said["level"].strip(),
            criterion=said["criterion"].strip(),
            basis=tuple(_lines(said["basis"])),
        )


class PublishForm(forms.Form):
    reason = forms.CharField(label=_("What is different, and why"), required=False, max_length=500, widget=_area(3))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=_area(3))


class SheetForm(forms.Form):
    file = forms.FileField(
        label=_("Excel file"), help_text=_("Its items replace those of the draft; title, domains and scoring stay.")
    )
