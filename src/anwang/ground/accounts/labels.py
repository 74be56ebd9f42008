"""The words of this room: refusals, permissions, events."""

from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Sentence, Text

REFUSALS: dict[str, Sentence] = {
    "accounts.not_permitted": Sentence(
        _("Your role does not include this here."),
        _("Ask the security administrator of your office for the role, or leave it to somebody who has it."),
        status=403,
    ),
    "accounts.password_due": Sentence(
        _("Your password must be changed first."),
        _("Open the pages in a browser, change the password there, then try again."),
        status=403,
    ),
    "accounts.locked_out": Sentence(
        _("Too many sign-ins have failed from here; wait %(n)s minutes."),
        _("Wait, or ask the security administrator to lift the lockout."),
        status=429,
    ),
    "accounts.username_taken": Sentence(
        _("There is already an account with this user name."), _("Choose another one, for example with a number.")
    ),
    "accounts.username_bad": Sentence(
        _("A user name is 3 to 60 small letters, digits, dots, dashes or underscores."),
        _("Begin and end it with a letter or a digit."),
        status=422,
    ),
    "accounts.name_missing": Sentence(_("The account needs a person's name."), _("Write the name."), status=422),
    "accounts.home_missing": Sentence(
        _("Say whose person this is."),
        _("Choose the region whose administrators will keep this account; it must lie in your own."),
        status=422,
    ),
    "accounts.language_unknown": Sentence(
        _("This language is not offered."), _("Choose Chinese or English."), status=422
    ),
    "accounts.password_weak": Sentence(
        _("This password is not good enough: %(why)s"), _("Choose another one by the hints."), status=422
    ),
    "accounts.password_wrong": Sentence(_("The present password is wrong."), _("Type it again."), status=422),
    "accounts.not_oneself": Sentence(
        _("Nobody does this to their own account."), _("Ask another administrator to do it.")
    ),
    "accounts.reset_by_security": Sentence(
        _("The password of an administrator is reset by the security administrator."),
        _("Ask the security administrator."),
        status=403,
    ),
    "accounts.reset_on_server": Sentence(
        _("The password of a security administrator is not reset from a page."),
        _("Whoever keeps the server does it with its command line."),
        status=403,
    ),
    "accounts.inactive": Sentence(_("This account is closed."), _("The system administrator can open it again.")),
    "accounts.not_a_person": Sentence(
        _("This is a signed link, not an account."), _("Revoke the link and issue a new one.")
    ),
    "accounts.two_administrators": Sentence(
        _("One account cannot hold two of the three administrators' offices."),
        _("Give the second office to another account."),
    ),
    "accounts.administrator_and_business": Sentence(
        _("An administrator's account does no business, and a business account does not administer."),
        _("Make a second account for the other work, or end the present grants first."),
    ),
    "accounts.not_to_oneself": Sentence(
        _("Nobody changes their own rights."), _("Ask another security administrator.")
    ),
    "accounts.only_by_link": Sentence(
        _("This role comes with a signed link to one thing and is not given by hand."),
        _("Issue a link from the page of that thing."),
    ),
    "accounts.region_missing": Sentence(
        _("This role needs a region."), _("Choose the region in which it holds."), status=422
    ),
    "accounts.organisation_missing": Sentence(
        _("This role needs an organisation."), _("Choose the organisation whose rows it opens."), status=422
    ),
    "accounts.place_missing": Sentence(
        _("This role needs a region or an organisation."), _("Choose where it holds."), status=422
    ),
    "accounts.administrator_unplaced": Sentence(
        _("An administrator's office belongs to a region or to the whole house, not to an organisation."),
        _("Leave the organisation empty."),
        status=422,
    ),
    "accounts.domain_unknown": Sentence(
        _("There is no such industry domain: %(domain)s."), _("Choose from the list."), status=422
    ),
    "accounts.region_retired": Sentence(
        _("This region has been retired."), _("Choose the region that took its place."), status=422
    ),
    "accounts.term_backwards": Sentence(
        _("The grant would end before it begins."), _("Choose a later end, or none."), status=422
    ),
    "accounts.already_granted": Sentence(
        _("This account holds exactly this already."), _("Revoke the present grant first if its term must change.")
    ),
    "accounts.already_revoked": Sentence(_("This has been revoked already."), _("Nothing is left to do.")),
    "accounts.role_key_bad": Sentence(
        _("The key of a role is 3 to 40 small letters, digits or underscores."),
        _("Begin it with a letter."),
        status=422,
    ),
    "accounts.role_taken": Sentence(_("There is already a role with this key."), _("Choose another key.")),
    "accounts.role_built_in": Sentence(
        _("Built-in roles are kept as they are."), _("Copy it into a role of your own and change that one.")
    ),
    "accounts.role_in_use": Sentence(
        _("People hold this role."),
        _("Revoke its grants first."),
    ),
    "accounts.role_words": Sentence(
        _("A role needs a name and a paragraph that says what it is for."), _("Write both."), status=422
    ),
    "accounts.role_two_offices": Sentence(
        _("A role cannot hold the permissions of two administrators' offices."),
        _("Make two roles and give them to two accounts."),
        status=422,
    ),
    "accounts.role_mixed": Sentence(
        _("An administrator's permissions do not mix with business permissions in one role."),
        _("Take one kind out."),
        status=422,
    ),
    "accounts.permission_unknown": Sentence(
        _("There is no such permission: %(permission)s."), _("Choose from the list."), status=422
    ),
    "accounts.token_by_token": Sentence(
        _("A key makes no further keys."), _("Sign in with the browser and make it there."), status=403
    ),
    "accounts.token_empty": Sentence(
        _("A key without permissions opens nothing."), _("Choose what it may do."), status=422
    ),
    "accounts.token_too_wide": Sentence(
        _("A key cannot do more than its owner."), _("Choose among the owner's own permissions."), status=422
    ),
    "accounts.token_term": Sentence(
        _("A key lasts at most a year, and its end lies ahead."), _("Choose an end within a year."), status=422
    ),
    "accounts.token_not_for_people": Sentence(
        _("A person makes keys alone; administrators make them for systems only."),
        _("Ask the person, or make an account of the kind system."),
    ),
    "accounts.link_term": Sentence(
        _("A link lasts at most a year, and its end lies ahead."), _("Choose an end within a year."), status=422
    ),
    "accounts.view_words": Sentence(_("Give the view a name."), _("Write a short name."), status=422),
    "accounts.too_many_views": Sentence(
        _("There are %(n)d saved views on this page already."), _("Delete one you no longer use.")
    ),
}

PERMISSIONS: dict[str, Text] = {
    "desk.use": _("Use the desk"),
    "figures.read": _("Read figures"),
    "figures.export": _("Export figures and reports"),
    "region.read": _("Read regions and grids"),
    "grid.edit": _("Draw, merge and split grids"),
    "organisation.read": _("Read organisations and posts"),
    "organisation.edit": _("Keep organisations and posts"),
    "site.read": _("Read site files"),
    "site.edit": _("Keep site files"),
    "site.merge": _("Merge duplicate sites"),
    "standard.read": _("Read standards"),
    "standard.edit": _("Keep the libraries of standards"),
    "checklist.read": _("Read checklists"),
    "checklist.edit": _("Keep checklists"),
    "inspection.read": _("Read inspections"),
    "inspection.plan": _("Plan inspections"),
    "inspection.conduct": _("Carry out inspections"),
    "inspection.self": _("Carry out self-checks"),
    "hazard.read": _("Read the hazard ledger"),
    "hazard.report": _("Report hazards"),
    "hazard.grade": _("Settle a hazard's grade"),
    "hazard.confirm_major": _("Confirm a major hazard"),
    "hazard.assign": _("Order rectification"),
    "hazard.rectify": _("Rectify and send evidence"),
    "hazard.verify": _("Verify rectification"),
    "hazard.close": _("Close hazards"),
    "hazard.extend": _("Grant extensions"),
    "hazard.suspend": _("Suspend hazards"),
    "hazard.transfer": _("Transfer responsibility"),
    "hazard.reopen": _("Reopen hazards"),
    "hazard.link": _("Issue signed links"),
    "ledger.import": _("Import ledgers"),
    "ledger.export": _("Export the ledger"),
    "paper.issue": _("Issue papers"),
    "gas.read": _("Read the gas watch"),
    "gas.edit": _("Keep mines, places and findings of the gas watch"),
    "gas.feed": _("Send readings of a mine"),
    "alarm.read": _("Read alarms"),
    "alarm.handle": _("Deal with alarms for the mine"),
    "alarm.review": _("Review and close alarms"),
    "alarm.rules": _("Keep the level rules of alarms"),
    "person.unmask": _("See masked personal data (each time is recorded)"),
    "audit.read": _("Read the audit trail"),
    "audit.export": _("Export the audit trail"),
    "user.manage": _("Make and close accounts"),
    "role.manage": _("Make roles"),
    "grant.manage": _("Grant and revoke roles"),
    "security.manage": _("End sessions, lift lockouts, reset second factors"),
    "system.manage": _("Watch the machinery"),
    "token.manage": _("Keep the keys of other systems"),
}
"""What each permission means, as roles are read by an auditor. A test holds it to ``Permission``."""

PERMISSION_GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (_("Desk and figures"), ("desk.", "figures.")),
    (_("Registers and libraries"), ("region.", "grid.", "organisation.", "site.", "standard.", "checklist.")),
    (_("Inspections"), ("inspection.",)),
    (_("Hazards"), ("hazard.", "ledger.", "paper.")),
    (_("Gas watch and alarms"), ("gas.", "alarm.")),
    (_("The house itself"), ("person.", "audit.", "user.", "role.", "grant.", "security.", "system.", "token.")),
)

EVENTS: dict[str, Text] = {
    "accounts.user_created": _("Account made"),
    "accounts.user_changed": _("Account changed"),
    "accounts.user_deactivated": _("Account closed"),
    "accounts.user_reactivated": _("Account opened again"),
    "accounts.password_set": _("Password changed"),
    "accounts.password_reset": _("Password reset by an administrator"),
    "accounts.granted": _("Role granted"),
    "accounts.revoked": _("Role revoked"),
    "accounts.role_made": _("Role made"),
    "accounts.role_changed": _("Role changed"),
    "accounts.role_deleted": _("Role deleted"),
    "accounts.roles_synced": _("Built-in roles brought up to date"),
    "accounts.token_made": _("Key made"),
    "accounts.token_revoked": _("Key revoked"),
    "accounts.link_made": _("Signed link issued"),
    "accounts.link_revoked": _("Signed link revoked"),
    "accounts.session_ended": _("Session ended"),
    "accounts.lockout_lifted": _("Lockout lifted"),
    "accounts.second_factor_added": _("Second factor set up"),
    "accounts.second_factor_removed": _("Second factor removed"),
    "accounts.recovery_codes_made": _("New recovery codes made"),
    "accounts.signed_in": _("Signed in"),
    "accounts.signed_out": _("Signed out"),
    "accounts.signed_out_idle": _("Signed out after a time without use"),
    "accounts.sign_in_failed": _("Sign-in failed"),
    "accounts.locked_out": _("Locked out after failed sign-ins"),
    "accounts.view_saved": _("View saved"),
    "accounts.view_deleted": _("View deleted"),
}
"""Words for the rows this room writes to the trail."""

KINDS: dict[str, Text] = {
    "person": _("Account"),
    "system": _("Account of another system"),
    "link": _("Holder of a signed link"),
    "role": _("Role"),
    "grant": _("Grant"),
    "api_token": _("Key of another system"),
    "saved_view": _("Saved view"),
}
"""What a row of the trail can be about, in this room."""

PLACED_BY: dict[str, Text] = {
    "region": _("a region"),
    "organisation": _("an organisation"),
    "either": _("a region or an organisation"),
    "thing": _("one thing, by a signed link"),
    "free": _("the whole house, or a region"),
}
