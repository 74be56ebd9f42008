"""What can be allowed: one word per verb of the trade. Roles are lists of these, readable by an auditor."""

from enum import StrEnum


class Permission(StrEnum):
    # the desk and what lies under it
    DESK_USE = "desk.use"
    FIGURES_READ = "figures.read"
    FIGURES_EXPORT = "figures.export"
    # registers
    REGION_READ = "region.read"
    GRID_EDIT = "grid.edit"
    ORGANISATION_READ = "organisation.read"
    ORGANISATION_EDIT = "organisation.edit"
    SITE_READ = "site.read"
    SITE_EDIT = "site.edit"
    SITE_MERGE = "site.merge"
    STANDARD_READ = "standard.read"
    STANDARD_EDIT = "standard.edit"
    CHECKLIST_READ = "checklist.read"
    CHECKLIST_EDIT = "checklist.edit"
    # inspections
    INSPECTION_READ = "inspection.read"
    INSPECTION_PLAN = "inspection.plan"
    INSPECTION_CONDUCT = "inspection.conduct"
    INSPECTION_SELF = "inspection.self"
    # hazards, in the order of their life
    HAZARD_READ = "hazard.read"
    HAZARD_REPORT = "hazard.report"
    HAZARD_GRADE = "hazard.grade"
    HAZARD_CONFIRM_MAJOR = "hazard.confirm_major"
    HAZARD_ASSIGN = "hazard.assign"
    HAZARD_RECTIFY = "hazard.rectify"
    HAZARD_VERIFY = "hazard.verify"
    HAZARD_CLOSE = "hazard.close"
    HAZARD_EXTEND = "hazard.extend"
    HAZARD_SUSPEND = "hazard.suspend"
    HAZARD_TRANSFER = "hazard.transfer"
    HAZARD_REOPEN = "hazard.reopen"
    HAZARD_LINK = "hazard.link"
    LEDGER_IMPORT = "ledger.import"
    LEDGER_EXPORT = "ledger.export"
    PAPER_ISSUE = "paper.issue"
    # the gas watch
    GAS_READ = "gas.read"
    GAS_EDIT = "gas.edit"
    GAS_FEED = "gas.feed"
    # alarms
    ALARM_READ = "alarm.read"
    ALARM_HANDLE = "alarm.handle"
    ALARM_REVIEW = "alarm.review"
    ALARM_RULES = "alarm.rules"
    # the house itself
    PERSON_UNMASK = "person.unmask"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    USER_MANAGE = "user.manage"
    ROLE_MANAGE = "role.manage"
    GRANT_MANAGE = "grant.manage"
    SECURITY_MANAGE = "security.manage"
    SYSTEM_MANAGE = "system.manage"
    TOKEN_MANAGE = "token.manage"  # noqa: S105 - the word of a permission
