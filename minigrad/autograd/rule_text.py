"""A derivative rule as a person reads it: its Python expression, the same in LaTeX, and with numbers put in.

Nothing is written down twice for this: the text is read from the source of the rule itself.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from collections.abc import Callable, Mapping
from typing import Any

FUNCTIONS = {
    "exp": r"\exp", "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh", "cosh": r"\cosh",
    "tanh": r"\tanh", "sign": r"\operatorname{sgn}", "maximum": r"\max", "minimum": r"\min",
}  # fmt: skip
SYMBOLS = {"g": "g", "out": "y", "x": "x_1", "y": "x_2"}
_SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(5)  # how tightly an expression holds together


def expression(rule: Callable[..., Any]) -> ast.expr | None:
    """What the rule returns, as one expression of its arguments; None where it takes more than one."""
    tree = _module(rule.__code__.co_filename)
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.Lambda) and node.lineno == rule.__code__.co_firstlineno:
            if [a.arg for a in node.args.args] == list(inspect.signature(rule).parameters) and _same(node, rule):
                return node.body
        elif isinstance(node, ast.FunctionDef) and node.name == rule.__name__ and _starts(node, rule):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    return None


@functools.cache
def _module(file: str) -> ast.Module | None:
    text = "".join(linecache.getlines(file))
    return ast.parse(text) if text else None


def _same(node: ast.Lambda, rule: Callable[..., Any]) -> bool:
    """Whether this lambda is the rule, of several in one line: the places of their code agree."""
    places = [(line, column) for line, _, column, _ in rule.__code__.co_positions() if line and column]
    begin, end = (node.body.lineno, node.body.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
    return not places or (begin <= min(places) and max(places) < end)


def _starts(node: ast.FunctionDef, rule: Callable[..., Any]) -> bool:
    return rule.__code__.co_firstlineno in (node.lineno, *(d.lineno for d in node.decorator_list))


def python(tree: ast.expr) -> str:
    """The expression as it is written, without what only the computer needs."""
    return ast.unparse(_Plain().visit(ast.parse(ast.unparse(tree), mode="eval").body))


class _Plain(ast.NodeTransformer):
    """Leaves out names of modules, underscores that mark private functions, and the step from Tensor to array."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in ("np", "math"):
            return ast.Name(node.attr)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name):
            if node.func.id == "raw":
                return node.args[0]
            node.func = ast.Name(node.func.id.strip("_"))
        return node


def numbers(tree: ast.expr, values: Mapping[str, Any]) -> str:
    """The expression with the numbers that are known, to four digits, in place of names."""

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if node.id not in values:
                return node
            return ast.Name(f"({values[node.id]:.4g})" if values[node.id] < 0 else f"{values[node.id]:.4g}")

    return ast.unparse(Filled().visit(ast.parse(python(tree), mode="eval").body))


def latex(tree: ast.expr, symbols: Mapping[str, str] = SYMBOLS) -> str:
    """The expression in LaTeX: ``g`` is the gradient that arrives, ``y`` the result, ``x_1`` and ``x_2`` the inputs."""
    return _Writer(symbols).write(ast.parse(python(tree), mode="eval").body)[0]


class _Writer:
    """Writes expressions, and knows which of them need brackets."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols

    def write(self, tree: ast.expr) -> tuple[str, int]:
        match tree:
            case ast.Name(id=name):
                return self._symbols.get(name, _word(name)), _ATOM
            case ast.Constant(value=value):
                return (f"{value:g}" if isinstance(value, (int, float)) else _word(str(value))), _ATOM
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"-{self._within(operand, _PRODUCT)}", _SIGN
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(left, op, right)
            case ast.Call(func=ast.Name(id="where"), args=[condition, first, other]):
                pieces = [self.write(part)[0] for part in (first, condition, other)]
                return rf"\begin{{cases}}{pieces[0]} & {pieces[1]}\\{pieces[2]} & \text{{else}}\end{{cases}}", _ATOM
            case ast.Call(func=ast.Name(id="sqrt"), args=[inner]):
                return rf"\sqrt{{{self.write(inner)[0]}}}", _ATOM
            case ast.Call(func=function, args=arguments):
                name = ast.unparse(function)
                inner_parts = ", ".join(self.write(argument)[0] for argument in arguments)
                return rf"{FUNCTIONS.get(name, _word(name))}\left({inner_parts}\right)", _ATOM
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                sign = {"Gt": ">", "GtE": r"\ge", "Lt": "<", "LtE": r"\le", "Eq": "=", "NotEq": r"\ne"}
                return f"{self.write(left)[0]} {sign.get(type(op).__name__, '?')} {self.write(right)[0]}", _SUM
        return rf"\texttt{{{python(tree).replace('_', chr(92) + '_')}}}", _ATOM

    def _binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        match op:
            case ast.Mult() if ast.dump(left) == ast.dump(right):
                return f"{self._within(left, _ATOM)}^{{2}}", _POWER
            case ast.Mult() | ast.MatMult():
                join = r" \cdot " if isinstance(right, ast.Constant) else r" \, "
                return f"{self._within(left, _SIGN)}{join}{self._within(right, _PRODUCT)}", _PRODUCT
            case ast.Div():
                return rf"\frac{{{self.write(left)[0]}}}{{{self.write(right)[0]}}}", _ATOM
            case ast.Pow():
                return f"{self._within(left, _ATOM)}^{{{self.write(right)[0]}}}", _POWER
            case ast.Add():
                return f"{self.write(left)[0]} + {self._within(right, _PRODUCT)}", _SUM
            case ast.Sub():
                return f"{self.write(left)[0]} - {self._within(right, _PRODUCT)}", _SUM
        return rf"\texttt{{{python(ast.BinOp(left, op, right))}}}", _ATOM

    def _within(self, tree: ast.expr, least: int) -> str:
        """The expression, in brackets unless it holds together at least so tightly."""
        text, tightness = self.write(tree)
        return text if tightness >= least else rf"\left({text}\right)"


def _word(name: str) -> str:
    return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}" if len(name) > 1 else name
