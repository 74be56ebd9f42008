"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "SiteKind.fields": "none",
    "SmallPlaceLimit.field": "none",
    "Site.name": "kept",
    "Site.short_name": "kept",
    "Site.uscc": "none",
    "Site.address": "kept",
    "Site.fields": "kept",
    "SiteMove.target": "none",
    "SiteMove.note": "kept",
}
