"""Packages that a rule's script needs, found without running it.

Followed are the imports of modules and of the functions and classes that the script can come to: an
import inside a function counts only where something that runs names that function.
"""

import ast
import sys
from functools import cache
from pathlib import Path

from attprior import provenance

SCRIPTS = provenance.PACKAGE.parent
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@cache
def _module(path: Path) -> tuple[list[ast.stmt], dict[str, ast.stmt], dict[str, str]]:
    """Statements that run on import, what is defined, and names that imports bring (name: from)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = [
        n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)
    ]
    for node in typing:
        node.body = []
    defined = {node.name: node for node in tree.body if isinstance(node, DEFINITIONS)}
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.asname: a.name for a in node.names if a.asname}
    return [node for node in tree.body if node not in defined.values()], defined, names


def _place(dotted: str) -> tuple[Path, str] | None:
    """File of a dotted name of the library, and what is left of the name in it."""
    parts, left = dotted.split("."), []
    while parts:
        base = SCRIPTS.joinpath(*parts)
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if path.is_file():
                return path, ".".join(left)
        left.insert(0, parts.pop())
    return None


@cache
def packages(script: Path, function: str | None = None) -> frozenset[str]:
    """Top-level names of all third-party modules that a script imports, or runs by `-m`.

    `function` is that of the library which it calls by its name, such as reads.check.check_reads.
    """
    found: set[str] = set()
    seen: set[tuple[Path, str]] = set()
    queue = [(script, "")]
    queue += filter(None, [_place(f"{provenance.PACKAGE.name}.{function}") if function else None])

    def reach(dotted: str) -> None:
        if dotted.split(".")[0] != provenance.PACKAGE.name:
            found.add(dotted.split(".")[0])
        elif place := _place(dotted):
            queue.append(place)

    while queue:
        path, name = queue.pop()
        if (path, name) in seen:
            continue
        seen.add((path, name))
        body, defined, names = _module(path)
        if name:
            queue.append((path, ""))
            name = name.partition(".")[0]
            if name in names:
                reach(names[name])
        nodes = [defined[name]] if name in defined else [] if name else body
        for node in (inner for outer in nodes for inner in ast.walk(outer)):
            match node:
                case ast.ImportFrom(level=0):
                    reach(node.module)
                    # a function comes with its use, a module with its import
                    for alias in node.names:
                        place = _place(f"{node.module}.{alias.name}")
                        if place and not place[1]:
                            queue.append(place)
                case ast.Import():
                    for alias in node.names:
                        reach(alias.name)
                case ast.Name():
                    if node.id in defined:
                        queue.append((path, node.id))
                    elif node.id in names:
                        reach(names[node.id])
                case ast.Attribute(value=ast.Name(id=base)) if base in names:
                    reach(f"{names[base]}.{node.attr}")
                case ast.List(elts=elements):
                    words = [e.value if isinstance(e, ast.Constant) else None for e in elements]
                    if "-m" in words[:-1]:
                        reach(str(words[words.index("-m") + 1]))
                # a module that is chosen by name: any of its folder
                case ast.Call(func=ast.Attribute(attr="import_module")) if path != script:
                    for sibling in sorted(path.parent.rglob("*.py")):
                        queue.append((sibling, ""))
                        queue += [(sibling, defined) for defined in _module(sibling)[1]]
    return frozenset(found - set(sys.stdlib_module_names))
