"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Plan.title": "none",
    "Plan.classes": "none",
    "Plan.campaign": "none",
    "Plan.withdrawn_note": "kept",
    "Inspection.campaign": "none",
    "Inspection.opinion": "kept",
    "Inspection.note": "kept",
    "Inspection.sign_refused": "kept",
    "PlannedVisit.left_out_note": "kept",
    "InspectionMove.note": "kept",
    "InspectionMove.data": "none",
    "Inspector.department": "none",
    "Inspector.sections": "none",
    "Finding.section": "none",
    "Finding.department": "none",
    "Finding.description": "kept",
    "Finding.fixed_by_name": "kept",
}
