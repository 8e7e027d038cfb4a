"""Read the portal's own source: every module as a tree, with the name it is imported by."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol, TypeVar

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("portal", "customers", "invoicing", "subscriptions", "settings_app")
TEMPLATES = ROOT / "templates"

Node = TypeVar("Node", bound=ast.AST)


class HasLine(Protocol):
    """A node that stands in a line, as all but the smallest do."""

    @property
    def lineno(self) -> int: ...


@dataclass(frozen=True)
class Module:
    """One file of the product."""

    path: str
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Give everything in the tree. Many rules look through all modules: walking takes longer than looking."""
        return tuple(ast.walk(self.tree))

    @property
    def is_migration(self) -> bool:
        return "/migrations/" in self.path

    def named(self, *names: str) -> bool:
        """Tell whether the file, or the package that it is a part of, has one of these names."""
        parts = self.path.removesuffix(".py").split("/")
        return bool(set(parts) & set(names))


@cache
def modules() -> tuple[Module, ...]:
    """Parse every module of the product."""
    files = [ROOT / "manage.py", *(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))]
    return tuple(Module(str(file.relative_to(ROOT)), ast.parse(file.read_text())) for file in sorted(files))


def found(
    *, of: type[Node] | tuple[type[Node], ...], within: Iterable[Module] | None = None
) -> Iterator[tuple[Module, Node]]:
    """Walk all modules for one kind of node, or several."""
    for module in within or modules():
        for node in module.nodes:
            if isinstance(node, of):
                yield module, node


def place(module: Module, node: HasLine) -> str:
    """Name a line as an editor would open it."""
    return f"{module.path}:{node.lineno}"


def imported(node: ast.AST) -> list[str]:
    """Name the modules that a statement imports, or imports from; "." is the own package."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "."] if isinstance(node, ast.ImportFrom) else []


def templates() -> list[Path]:
    """Find every template of the product."""
    return sorted(TEMPLATES.rglob("*.html"))
