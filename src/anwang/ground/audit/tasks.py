from datetime import datetime

from anwang.ground.audit import services as audit
from anwang.ground.jobs import services as jobs


@jobs.handler("audit.seal", transactional=False)
def seal(*, now: datetime) -> None:
    """Outside a transaction: it reads whole chains, and nobody should wait for that.

    A chain that does not hold makes the job fail, so that it stands on the administrator's page until somebody looks.
    """
    refused = audit.seal_all(now=now).refused
    if refused:
        first = refused[0]
        raise RuntimeError(f"chain {first.chain} does not hold at row {first.seq} ({first.reason}); it was not sealed")


@jobs.handler("audit.prove", transactional=False)
def prove(*, now: datetime, proof_id: str) -> None:
    audit.run_proof(proof_id=proof_id, now=now)


jobs.every("audit.seal", hour=3)
