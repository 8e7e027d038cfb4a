"""Every kind of event that is written is declared, and every one that is declared is written."""

import ast

import pytest

from portal.audit import kinds
from tests.architecture.source import found, modules

# What the admin did is put together: record.added, record.changed, record.deleted.
PUT_TOGETHER = "record."


def _literals() -> set[str]:
    """Give every text of the product but the declarations themselves."""
    ours = (module for module in modules() if "/declares/" not in module.path and not module.is_migration)
    return {node.value for _, node in found(of=ast.Constant, within=ours) if isinstance(node.value, str)}


def test_what_is_written_is_declared():
    written = {
        str(call.args[0].value)
        for _, call in found(of=ast.Call)
        if getattr(call.func, "attr", "") in ("record", "of_kind")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    declared = {kind.code for kind in kinds.all_kinds()}
    assert len(written) > 15
    assert sorted(written - declared) == []


def test_what_is_declared_is_written():
    codes = {kind.code for kind in kinds.all_kinds() if not kind.code.startswith(PUT_TOGETHER)}
    assert sorted(codes - _literals()) == []


def test_a_code_is_declared_once():
    (first, *_) = kinds.all_kinds()
    with pytest.raises(ValueError, match=first.code):
        kinds.declare(first.app, {first.code: "Another"})
    assert kinds.of(first.code) == first
