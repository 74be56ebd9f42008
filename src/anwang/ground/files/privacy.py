"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Paper.title": "kept",
    "Paper.agency_name": "none",
    "Paper.agency_region": "none",
    "Paper.void_reason": "kept",
}
