"""Derivative rules as MathML, which browsers set without any program from the network."""

from __future__ import annotations

import ast
from html import escape

SYMBOLS = {"g": "<mi>g</mi>", "out": "<mi>y</mi>"} | {
    name: f"<msub><mi>x</mi><mn>{i}</mn></msub>" for i, name in enumerate(("x", "y"), 1)
}
_NAMES = {"log": "ln", "maximum": "max", "minimum": "min", "sign": "sgn"}
_SIGNS = {"Gt": "&gt;", "GtE": "≥", "Lt": "&lt;", "LtE": "≤", "Eq": "=", "NotEq": "≠"}
_SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(5)  # how tightly an expression holds together


def mathml(rule: str, latex: str = "") -> str:
    """A rule, as Python writes it, as a formula: ``g`` is the gradient that arrives, ``y`` the result.

    Args:
        rule: an expression, such as ``"g * y"``, in which ``x`` and ``y`` are the inputs and ``out`` the result.
        latex: the same in LaTeX, for those who copy the formula.

    Example:
        >>> mathml("g / x")
        '<math><mfrac><mi>g</mi><msub><mi>x</mi><mn>1</mn></msub></mfrac></math>'
    """
    body = _written(ast.parse(rule, mode="eval").body)[0]
    if not latex:
        return f"<math>{body}</math>"
    note = f'<annotation encoding="application/x-tex">{escape(latex)}</annotation>'
    return f"<math><semantics><mrow>{body}</mrow>{note}</semantics></math>"


def _written(tree: ast.expr) -> tuple[str, int]:
    """The expression, and how tightly it holds together."""
    match tree:
        case ast.Name(id=name):
            return SYMBOLS.get(name, _word(name)), _ATOM
        case ast.Constant(value=value):
            return (f"<mn>{value:g}</mn>" if isinstance(value, (int, float)) else _word(str(value))), _ATOM
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"<mo>−</mo>{_within(operand, _PRODUCT)}", _SIGN
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(left, op, right)
        case ast.Call(func=ast.Name(id="where"), args=[condition, first, other]):
            rows = (_row(first), _row(condition)), (_row(other), "<mtext>else</mtext>")
            cells = "".join(f"<mtr><mtd>{left}</mtd><mtd>{right}</mtd></mtr>" for left, right in rows)
            return f'<mrow><mo>{{</mo><mtable columnalign="left">{cells}</mtable></mrow>', _ATOM
        case ast.Call(func=ast.Name(id="sqrt"), args=[inner]):
            return f"<msqrt>{_row(inner)}</msqrt>", _ATOM
        case ast.Call(func=ast.Name(id="square"), args=[inner]):
            return f"<msup>{_grouped(inner, _ATOM)}<mn>2</mn></msup>", _POWER
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            parts = "<mo>,</mo>".join(map(_row, arguments))
            return f"{_word(_NAMES.get(name, name))}<mo>&#8289;</mo>{_bracketed(parts)}", _ATOM
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return f"{_row(left)}<mo>{_SIGNS.get(type(op).__name__, '?')}</mo>{_row(right)}", _SUM
    return f"<mtext>{escape(ast.unparse(tree))}</mtext>", _ATOM


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
    match op:
        case ast.Mult() if ast.dump(left) == ast.dump(right):
            return f"<msup>{_grouped(left, _ATOM)}<mn>2</mn></msup>", _POWER
        case ast.Mult() | ast.MatMult():
            return f"{_within(left, _SIGN)}<mo>·</mo>{_within(right, _PRODUCT)}", _PRODUCT
        case ast.Div():
            return f"<mfrac>{_grouped(left, _SUM)}{_grouped(right, _SUM)}</mfrac>", _ATOM
        case ast.Pow():
            return f"<msup>{_grouped(left, _ATOM)}{_grouped(right, _SUM)}</msup>", _POWER
        case ast.Add():
            return f"{_row(left)}<mo>+</mo>{_within(right, _PRODUCT)}", _SUM
        case ast.Sub():
            return f"{_row(left)}<mo>−</mo>{_within(right, _PRODUCT)}", _SUM
    return f"<mtext>{escape(ast.unparse(ast.BinOp(left, op, right)))}</mtext>", _ATOM


def _row(tree: ast.expr) -> str:
    return _written(tree)[0]


def _within(tree: ast.expr, least: int) -> str:
    """The expression, in brackets unless it holds together at least so tightly."""
    text, tightness = _written(tree)
    return text if tightness >= least else _bracketed(text)


def _grouped(tree: ast.expr, least: int) -> str:
    """The same as one element, where MathML counts them; a single symbol is one already."""
    text = _within(tree, least)
    return text if isinstance(tree, (ast.Name, ast.Constant)) else f"<mrow>{text}</mrow>"


def _bracketed(text: str) -> str:
    return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"


def _word(name: str) -> str:
    return f"<mi>{escape(name)}</mi>"
