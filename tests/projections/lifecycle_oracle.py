"""What becomes of a thing, told once more and without a table."""

from __future__ import annotations

from epcis_repo.model.events import AggregationEvent, AssociationEvent, Event, ObjectEvent

IN_HAND = (None, "commissioned", "packed", "received", "reactivated")
IN_USE = (*IN_HAND, "shipped", "held")
GONE = ("sampled", "dispensed", "exported", "lost")
REACHES_CONTENT = {
    *("ship", "void_ship", "receive", "hold", "activate", "dispense", "export", "destroy"),
    *("steal", "lose"),
}


def roles(event: Event) -> list[tuple[str, str]]:
    """As what an event names things, the least telling role first."""
    parent = getattr(event, "parent_id", None)
    found = [("parent", parent)] if parent else []
    for role, name in [
        ("object", "epc_list"),
        ("child", "child_epcs"),
        ("input", "input_epc_list"),
        ("output", "output_epc_list"),
    ]:
        found += [(role, text) for text in getattr(event, name, None) or ()]
    return found


def deed(event: Event, role: str) -> str | None:
    """What an event does to a thing that it names."""
    action = getattr(event, "action", None)
    step = (event.biz_step or "").rpartition(":")[2].rpartition("/")[2]
    disposition = (event.disposition or "").rpartition(":")[2]
    if isinstance(event, AssociationEvent):
        return None
    if role in ("input", "output"):
        return "transform" if role == "input" else "commission"
    if isinstance(event, ObjectEvent) and action == "ADD":
        return "commission"
    if disposition in ("destroyed", "dispensed", "stolen"):
        return {"destroyed": "destroy", "dispensed": "dispense", "stolen": "steal"}[disposition]
    if disposition == "unknown":
        return "lose"
    if step in ("exporting", "sampling", "dispensing"):
        return {"exporting": "export", "sampling": "sample", "dispensing": "dispense"}[step]
    if isinstance(event, ObjectEvent) and action == "DELETE":
        return "destroy" if step == "destroying" else "decommission"
    if step in ("shipping", "void_shipping", "receiving", "holding"):
        return {"shipping": "ship", "void_shipping": "void_ship"}.get(
            step, "hold" if step == "holding" else "receive"
        )
    if disposition == "recalled":
        return "hold"
    if isinstance(event, AggregationEvent) and role == "child":
        return "unpack" if action == "DELETE" else "pack"
    return "activate" if disposition in ("active", "sellable_accessible") else None


def became(state: str | None, done: str | None) -> str | None:  # noqa: C901
    """What a thing is that was `state` and to which something was done."""
    if done == "destroy":
        return "destroyed"
    if state == "destroyed" or done is None:
        return state
    if done == "commission":
        if state is None:
            return "commissioned"
        return "reactivated" if state in (*GONE, "decommissioned", "transformed") else state
    if done == "activate":
        return "reactivated" if state in (*GONE, "held", "decommissioned") else state
    if done == "pack":
        return "packed" if state in IN_HAND else state
    if done == "unpack":
        return "commissioned" if state == "packed" else state
    if done == "void_ship":
        return "commissioned" if state == "shipped" else state
    if done in ("ship", "receive", "hold"):
        to = {"ship": "shipped", "receive": "received", "hold": "held"}[done]
        return to if state in (*IN_USE, "lost") else state
    if done in ("sample", "dispense", "export", "lose"):
        ends = {"sample": "sampled", "dispense": "dispensed", "export": "exported", "lose": "lost"}
        return ends[done] if state in IN_USE else state
    if done == "transform":
        return "transformed" if state in (*IN_USE, "decommissioned") else state
    if done == "decommission":
        return "decommissioned"
    assert done == "steal"
    return state if state == "transformed" else "stolen"
