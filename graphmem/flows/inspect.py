"""What a memory says about itself."""

from __future__ import annotations

from graphmem.engine import Engine
from graphmem.values import StatusReport, VerifyReport


def status(engine: Engine, *, state: bool = False) -> StatusReport:
    """State of ledger, stores and models. A graph elsewhere is asked whether it is in step."""
    ledger, projection, settings = engine.ledger, engine.projection, engine.settings
    waiting = {state: len(ledger.episodes(status=state)) for state in ("pending", "running", "failed")}
    return StatusReport(
        home=str(settings.home),
        counts=ledger.counts(),
        unfinished={state: count for state, count in waiting.items() if count},
        pending=projection.pending,
        vectors=projection.problem or settings.vectors,
        graph=_graph(engine),
        embedder=engine.embedder.fingerprint,
        extractor="none" if engine.extractor is None else type(engine.extractor).__name__,
        llm=settings.llm_name or "none",
        state=ledger.keeping.state().hash if state else "",
    )


def _graph(engine: Engine) -> str:
    copy = engine.projection.graph
    if copy is None:
        return engine.settings.graph
    copy.current()
    return copy.problem or engine.settings.graph


def verify(engine: Engine) -> VerifyReport:
    """Compare ledger and stores; the state hash is of what was compared."""
    report = engine.projection.verify()
    return report.model_copy(update={"state": engine.ledger.keeping.state().hash})
