"""Writes numbers as TypeScript modules: shortest decimals that read back to the same double."""

import subprocess
import textwrap
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PROBLEMS = ROOT / "packages" / "testkit" / "src" / "problems"


def literal(value) -> str:
    """A TypeScript literal of nested lists, dicts and doubles."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(f"{number} has no place in a reference")
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def lay_out(path: Path, content: str) -> None:
    """Writes a file, then lets the repository's prettier lay it out."""
    path.write_text(content, encoding="utf-8")
    subprocess.run(["npx", "prettier", "--log-level", "warn", "--write", str(path)], cwd=ROOT, check=True)
    print(f"wrote {path.relative_to(ROOT)}")


def write_module(path: Path, header: str, declarations: list[str]) -> None:
    """Writes a TypeScript module."""
    comment = textwrap.fill(header, 120, initial_indent=" * ", subsequent_indent=" * ")
    lay_out(path, f"/**\n{comment}\n */\n" + "\n\n".join(declarations) + "\n")
