"""Recording and proving. Rooms need ``record``; the rest is the auditor's and the operator's."""

from anwang.ground.audit.services.archiving import archive, keep_months
from anwang.ground.audit.services.exporting import export, export_file
from anwang.ground.audit.services.proving import ChainReport, Finding, Report, ask_proof, run_proof, verify, verify_file
from anwang.ground.audit.services.rows import SYSTEM, Doer, Entry, gathered, record, record_many
from anwang.ground.audit.services.sealing import seal_all

__all__ = [
    "SYSTEM",
    "ChainReport",
    "Doer",
    "Entry",
    "Finding",
    "Report",
    "archive",
    "ask_proof",
    "export",
    "export_file",
    "gathered",
    "keep_months",
    "record",
    "record_many",
    "run_proof",
    "seal_all",
    "verify",
    "verify_file",
]
