"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Region.name": "none",
    "GridChange.by_name": "kept",
    "GridChange.note": "kept",
    "GridChange.before": "none",
}
