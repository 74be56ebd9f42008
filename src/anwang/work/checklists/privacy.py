"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "ChecklistVersion.reason": "none",
    "Section.department": "none",
    "Filled.answers": "kept",
    "Filled.result": "none",
}
