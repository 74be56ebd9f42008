"""Names stay on the trail as they were: it is evidence. Payloads hold ids and words of the trade. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "AuditRow.by_name": "kept",
    "AuditRow.on_name": "kept",
    "AuditRow.data": "none",
    "Archive.file": "none",
    "Proof.asked_by_name": "kept",
    "Proof.findings": "none",
}
