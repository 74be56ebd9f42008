"""The words of organisations: what was refused and why, and what the audit says was done."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Sentence

Text = str | Promise

SENTENCES: dict[str, Sentence] = {
    "organisations.name_missing": Sentence(_("An organisation needs a name."), _("Enter its full name."), 422),
    "organisations.uscc_wrong": Sentence(
        _("%(uscc)s is no unified social credit code: %(why)s."),
        _("Compare it with the licence: 18 characters, without the letters I, O, S, V and Z."),
        422,
    ),
    "organisations.uscc_taken": Sentence(
        _("%(name)s has this unified social credit code already."),
        _("Open that organisation instead, or correct the code."),
    ),
    "organisations.kind_unknown": Sentence(
        _("There is no kind of organisation called %(kind)s."), _("Choose one of the list."), 422
    ),
    "organisations.domain_unknown": Sentence(
        _("There is no industry domain called %(domain)s."), _("Choose domains of the list."), 422
    ),
    "organisations.delegation_missing": Sentence(
        _("The law does not give this power to an organisation of this kind."),
        _("Take the power away, or name the paper that delegates or transfers it."),
        422,
    ),
    "organisations.parent_circle": Sentence(
        _("An organisation cannot stand under itself."), _("Choose another one above it."), 422
    ),
    "organisations.closed": Sentence(
        _("%(name)s has been closed."), _("Reopen it first, or choose the organisation that took over its work.")
    ),
    "organisations.not_closed": Sentence(_("%(name)s is not closed."), _("Nothing needs to be done.")),
    "organisations.still_staffed": Sentence(
        _("%(count)d people still hold posts in %(name)s."), _("Relieve them or move them first.")
    ),
    "organisations.reason_missing": Sentence(_("A reason is needed."), _("Write in a few words why."), 422),
    "organisations.merge_same": Sentence(
        _("An organisation cannot be merged into itself."), _("Choose the other one of the two."), 422
    ),
    "organisations.post_taken": Sentence(
        _("This organisation already has a post called %(title)s."), _("Raise its quota, or choose another title.")
    ),
    "organisations.title_missing": Sentence(_("A post needs a title."), _("Enter what the post is called."), 422),
    "organisations.post_retired": Sentence(
        _("The post %(title)s has been abolished."), _("Choose another post, or make a new one.")
    ),
    "organisations.person_missing": Sentence(_("It is not said who."), _("Choose an account, or enter a name."), 422),
    "organisations.holder_missing": Sentence(
        _("Exactly one holder is needed: a post, somebody in a post, an account, or a name."),
        _("Choose one of them and leave the others empty."),
        422,
    ),
    "organisations.already_holds": Sentence(
        _("%(name)s already holds this post."), _("Relieve them first if the way of employment has changed.")
    ),
    "organisations.already_ended": Sentence(
        _("This ended on %(until)s; what is written stays written."), _("Enter what holds from then on as a new row.")
    ),
    "organisations.ends_before_start": Sentence(
        _("The end (%(until)s) lies before the beginning (%(since)s)."), _("Correct the date."), 422
    ),
    "organisations.employment_unknown": Sentence(
        _("There is no kind of employment called %(employment)s."), _("Choose one of the list."), 422
    ),
    "organisations.level_unknown": Sentence(
        _("There is no level of a responsibility chain called %(level)s."), _("Choose one of the list."), 422
    ),
    "organisations.cover_not_offered": Sentence(
        _("The level %(level)s does not answer for places of this kind."),
        _("Choose another level, or a place that it covers."),
        422,
    ),
    "organisations.site_unknown": Sentence(
        _("There is no such site in this region."), _("Search for it by name or number."), 422
    ),
    "organisations.answered_already": Sentence(
        _("%(name)s answers for this place at this level already."),
        _("End the present responsibility, or hand it over."),
    ),
    "organisations.no_phone": Sentence(_("No telephone number is written here."), _("Ask the organisation for it.")),
}

EVENTS: dict[str, Text] = {
    "organisations.made": _("Organisation entered"),
    "organisations.changed": _("Organisation changed"),
    "organisations.closed": _("Organisation closed"),
    "organisations.reopened": _("Organisation reopened"),
    "organisations.merged": _("Organisation merged into another"),
    "organisations.post_made": _("Post made"),
    "organisations.post_changed": _("Post changed"),
    "organisations.post_retired": _("Post abolished"),
    "organisations.appointed": _("Appointed to a post"),
    "organisations.relieved": _("Relieved of a post"),
    "organisations.account_given": _("Account tied to a person in a post"),
    "organisations.responsibility_assigned": _("Responsibility assigned"),
    "organisations.responsibility_ended": _("Responsibility ended"),
    "organisations.responsibility_handed_over": _("Responsibility handed over"),
    "organisations.phone_shown": _("Telephone number shown"),
    "organisations.library_loaded": _("Levels of the chains loaded"),
}

POWERS: dict[str, Text] = {
    "check": _("Check, persuade, notify, report, transfer"),
    "order": _("Order rectification"),
    "penalise": _("Impose penalties"),
    "seal": _("Seal and take on-site measures"),
}

USCC_WHY: dict[str, Text] = {
    "codes.uscc_length": _("it has not 18 characters"),
    "codes.uscc_letter": _("it holds a letter that these codes never have"),
    "codes.uscc_region": _("its third to eighth characters are no region"),
    "codes.uscc_check": _("its check character does not fit"),
}
