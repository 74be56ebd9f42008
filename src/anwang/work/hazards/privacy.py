"""What people wrote of a hazard is kept as evidence; the number of who puts it right is shown in part. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Hazard.place": "kept",
    "Hazard.description": "kept",
    "Hazard.campaign": "none",
    "Hazard.found_by_name": "kept",
    "Hazard.required_measures": "none",
    "Hazard.fix_person": "kept",
    "Hazard.fix_phone": "masked",
    "Hazard.fix_measures": "kept",
    "Hazard.fix_funds": "none",
    "Hazard.fix_plan": "kept",
    "HazardMove.by_name": "kept",
    "HazardMove.note": "kept",
    "HazardMove.data": "none",
    "Extension.reason": "kept",
    "Extension.interim": "kept",
    "Extension.decision_note": "kept",
    "Count.face": "none",
    "LedgerImport.name": "none",
    "LedgerImport.result": "kept",
    "LedgerImport.error": "none",
}
