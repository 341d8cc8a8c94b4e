"""The grammar of formulas that people type: text in, a tree of operations out, or a clear refusal.

    ranges   name ":" sum "to" sum, separated by ","
    sum      product, further ones after "+" or "-"
    product  signed, further ones after "*" or "/"
    signed   "-" signed, or power
    power    operand, or operand "^" signed ("**" is the same)
    operand  number, name, function "(" sum {"," sum} ")", or "(" sum ")"

So −x^2 is −(x^2) and 2^3^2 is 2^(3^2). Nothing else is understood, and nothing is executed: only
the operations of `FUNCTIONS` and `SIGNS` can be in a tree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from explorer.core.base.errors import SettingsError

# Functions and how many arguments each takes.
FUNCTIONS = {
    **dict.fromkeys(("sin", "cos", "tan", "tanh", "exp", "log", "sqrt", "abs", "sign", "floor"), 1),
    **dict.fromkeys(("mod", "min", "max"), 2),
}
NEGATIVE = "negative"  # the operation of "-" before an operand
SIGNS = ("+", "-", "*", "/", "^")
CONSTANTS = {"pi": math.pi, "π": math.pi}
INPUT = "x"
RESERVED = frozenset({*FUNCTIONS, *CONSTANTS, INPUT, "to"})  # no names for parameters

MAX_DEPTH = 25  # of parentheses, signs and powers within each other
MAX_NODES = 150  # operations and operands: each is work for every point of every task

_SAME = {"**": "^", "−": "-", "·": "*", "×": "*"}
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-zΑ-Ωα-ω_][A-Za-zΑ-Ωα-ω_0-9]*)"
    r"|(?P<sign>\*\*|[-−+*·×/^(),:])"
)
_OPERAND = "a number, a name or '('"


@dataclass(frozen=True)
class Number:
    """A number, and at which character of the text it stands, from 1."""

    value: float
    position: int


@dataclass(frozen=True)
class Name:
    """The input or a parameter."""

    name: str
    position: int


@dataclass(frozen=True)
class Call:
    """A function or a sign with what it is applied to."""

    function: str
    arguments: tuple[Node, ...]
    position: int


Node = Number | Name | Call


class RangeText(NamedTuple):
    """A parameter's range as it was typed.

    Attributes:
        name: the parameter.
        position: character at which the name stands, from 1.
        low: expression of the lower end, without names.
        high: of the upper end.
    """

    name: str
    position: int
    low: Node
    high: Node


class Token(NamedTuple):
    """A piece of text: a number, a name, a sign, or the end."""

    kind: str
    text: str
    position: int


def parse_formula(field: str, text: str) -> Node:
    """The tree of an expression.

    Args:
        field: name of the setting, for the refusal.
        text: what was typed.

    Raises:
        SettingsError: it is not an expression; the sentence says where and what was expected.
    """
    parser = _Parser(field, text)
    tree = parser.sum()
    parser.end("an operator such as '*'")
    return tree


def parse_ranges(field: str, text: str) -> list[RangeText]:
    """The ranges of parameters in their order; as `parse_formula`."""
    parser = _Parser(field, text)
    ranges = [parser.range()]
    while parser.taken(","):
        ranges.append(parser.range())
    parser.end("','")
    known: set[str] = set()
    for each in ranges:
        if each.name in known:
            refuse(field, each.position, f"'{each.name}' has a range already: name it once")
        known.add(each.name)
    return ranges


def names(node: Node) -> Iterator[Name]:
    """All names in a tree, in the order of the text."""
    if isinstance(node, Name):
        yield node
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from names(argument)


def refuse(field: str, position: int, sentence: str) -> NoReturn:
    """Refuse a text for what stands at a character."""
    raise SettingsError(field, f"{field.capitalize()}, character {position}: {sentence}.")


def _tokens(field: str, text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            refuse(field, at + 1, f"{text[at]!r} means nothing in formulas")
        piece = match.group()
        yield Token(str(match.lastgroup), _SAME.get(piece, piece), at + 1)
        at = match.end()
    yield Token("end", "", len(text) + 1)


class _Parser:
    """Reads the tokens of a text from left to right, one rule of the grammar per method."""

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        self.tokens = list(_tokens(field, text))
        self.at = 0
        self.depth = self.nodes = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def taken(self, *texts: str) -> Token | None:
        """The next token if it is one of these signs or words; else none, and it stays."""
        return self.take() if self.next.text in texts and self.next.kind != "end" else None

    def wanted(self, text: str, else_: str = "") -> Token:
        return self.taken(text) or self.unexpected(f"'{text}'" + else_)

    def unexpected(self, expected: str) -> NoReturn:
        kind, text, position = self.next
        found = "the text ends" if kind == "end" else f"'{text}' stands"
        refuse(self.field, position, f"{found} where {expected} was expected")

    def end(self, instead: str) -> None:
        if self.next.kind != "end":
            self.unexpected(f"{instead} or the end")

    def made(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            refuse(self.field, node.position, f"more than {MAX_NODES} numbers, names and signs")
        return node

    def range(self) -> RangeText:
        kind, name, position = self.next
        if kind != "name":
            self.unexpected("the name of a parameter")
        if name in RESERVED:
            refuse(self.field, position, f"'{name}' has a meaning of its own: choose another name")
        self.take()
        self.wanted(":")
        low = self.bound()
        self.wanted("to", " or an operator")
        return RangeText(name, position, low, self.bound())

    def bound(self) -> Node:
        tree = self.sum()
        for name in names(tree):
            refuse(self.field, name.position, f"'{name.name}' stands where a number was expected")
        return tree

    def sum(self) -> Node:
        tree = self.product()
        while sign := self.taken("+", "-"):
            tree = self.made(Call(sign.text, (tree, self.product()), sign.position))
        return tree

    def product(self) -> Node:
        tree = self.signed()
        while sign := self.taken("*", "/"):
            tree = self.made(Call(sign.text, (tree, self.signed()), sign.position))
        return tree

    def signed(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            refuse(self.field, self.next.position, f"more than {MAX_DEPTH} levels in each other")
        if sign := self.taken("-"):
            tree = self.made(Call(NEGATIVE, (self.signed(),), sign.position))
        else:
            tree = self.power()
        self.depth -= 1
        return tree

    def power(self) -> Node:
        base = self.operand()
        if sign := self.taken("^"):
            return self.made(Call("^", (base, self.signed()), sign.position))
        return base

    def operand(self) -> Node:
        kind, text, _ = self.next
        if kind == "number":
            return self.number()
        if kind == "name":
            return self.named()
        if text != "(":
            self.unexpected(_OPERAND)
        self.take()
        tree = self.sum()
        self.wanted(")", " or an operator")
        return tree

    def number(self) -> Node:
        _, text, position = self.take()
        value = float(text)
        if not math.isfinite(value):
            refuse(self.field, position, f"'{text}' is too large a number")
        return self.made(Number(value, position))

    def named(self) -> Node:
        _, text, position = self.take()
        if text in FUNCTIONS:
            return self.made(Call(text, self.arguments(text), position))
        if self.next.text == "(":
            known = ", ".join(FUNCTIONS)
            refuse(self.field, position, f"'{text}' is not a function: there are {known}")
        if text in CONSTANTS:
            return self.made(Number(CONSTANTS[text], position))
        if text in RESERVED - {INPUT}:
            refuse(self.field, position, f"'{text}' stands where {_OPERAND} was expected")
        return self.made(Name(text, position))

    def arguments(self, function: str) -> tuple[Node, ...]:
        self.wanted("(", f" after '{function}'")
        found = [self.sum()]
        for _ in range(FUNCTIONS[function] - 1):
            self.wanted(",", f" and a further argument of '{function}'")
            found.append(self.sum())
        self.wanted(")", " or an operator")
        return tuple(found)
