"""The grammar of formulas: what it means against Python's arithmetic, and what it refuses where."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from explorer.core.base.errors import SettingsError
from explorer.core.families.formula_grammar import (
    FUNCTIONS,
    MAX_DEPTH,
    MAX_NODES,
    names,
    parse_formula,
    parse_ranges,
)
from explorer.core.families.formula_values import array_values, tensor_values

ORACLE: dict[str, Callable[..., float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "sign": lambda a: float((a > 0) - (a < 0)),
    "floor": math.floor,
    "mod": lambda a, b: a % b,
    "min": min,
    "max": max,
}
VALUES = {"x": 0.73, "a": -1.37, "b_2": 2.9, "ω": 0.41}


def numpy_value(text: str, values: dict[str, float] = VALUES) -> float:
    """What the program makes of a text, with arrays."""
    arrays = {name: np.array(value) for name, value in values.items()}
    return float(array_values(parse_formula("formula", text), arrays))


def torch_value(text: str, values: dict[str, float] = VALUES) -> float:
    """The same with tensors."""
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
    return float(tensor_values(parse_formula("formula", text), tensors))


def expression(draw: random.Random, depth: int) -> str:
    """A random expression, which Python reads too once ^ is **."""
    kind = draw.choice(("operand", "sum", "sum", "power", "minus", "call", "brackets"))
    space = draw.choice(("", "", " ", "  "))
    if depth == 0 or kind == "operand":
        number = draw.choice(("2", "3.", ".5", "1.25", "4e-1", "1.5E+0", "0.1e1"))
        return draw.choice((number, *VALUES, "pi"))
    if kind == "sum":
        terms = [expression(draw, depth - 1) for _ in range(draw.randint(2, 4))]
        signs = [space + draw.choice("+-*/") + space for _ in terms[1:]]
        return terms[0] + "".join(sign + term for sign, term in zip(signs, terms[1:], strict=True))
    if kind == "power":
        ends = [expression(draw, 0), draw.choice(("2", "-1", "0.5", "x", "-x", "2^2", "-2**x"))]
        return draw.choice(("^", "**")).join(ends)
    if kind == "call":
        name = draw.choice(list(FUNCTIONS))
        inner = [expression(draw, depth - 1) for _ in range(FUNCTIONS[name])]
        return f"{name}{space}({space}{', '.join(inner)}{space})"
    inside = expression(draw, depth - 1)
    return f"-{space}{inside}" if kind == "minus" else f"({space}{inside})"


def python_value(text: str) -> float | None:
    """What Python makes of it; None where that is no finite real number."""
    try:
        value = eval(text.replace("^", "**"), {**ORACLE, **VALUES, "pi": math.pi})
    except (ZeroDivisionError, ValueError, OverflowError, TypeError):
        return None  # a TypeError comes of complex numbers
    return value if not isinstance(value, complex) and abs(value) < 1e8 else None


def test_random_expressions_mean_what_they_mean_in_python() -> None:
    """Thousands of expressions have Python's value, with arrays and with tensors."""
    draw, compared, used, refused = random.Random(0), 0, set(), []
    for _ in range(4000):
        text = expression(draw, draw.randint(1, 4))
        expected = python_value(text)
        if expected is None:
            continue
        try:
            found = numpy_value(text)
        except SettingsError as error:
            refused.append(str(error))
            continue
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-9), text
        assert torch_value(text) == pytest.approx(expected, rel=1e-7, abs=1e-9), text
        compared += 1
        used |= {name for name in FUNCTIONS if name in text}
    assert compared > 2000
    assert all("more than" in sentence for sentence in refused)
    assert used == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-x^2", -0.25),
        ("(-x)^2", 0.25),
        ("2^3^2", 512.0),
        ("2^-1", 0.5),
        ("8/4/2", 1.0),
        ("8-4-2", 2.0),
        ("--x", 0.5),
        ("2*-x", -1.0),
        ("1 + 2 * 3", 7.0),
        ("mod(-1, 3)", 2.0),
        ("mod(1, -3)", -2.0),
        ("sign(-2) + sign(0)", -1.0),
        ("floor(-0.5)", -1.0),
        ("min(1, x) - max(1, x)", -0.5),
        ("cos(π) + cos(pi)", -2.0),
        ("3·x − 2×x", 0.5),
        ("\tx\n", 0.5),
    ],
)
def test_precedence_and_functions(text: str, value: float) -> None:
    """The cases that grammars get wrong."""
    assert numpy_value(text, {"x": 0.5}) == pytest.approx(value)
    assert torch_value(text, {"x": 0.5}) == pytest.approx(value)


@pytest.mark.parametrize("text", ["1/0", "log(-1)", "(-1)^0.5", "mod(1, 0)", "sqrt(x-9)", "1e39^9"])
def test_what_cannot_be_computed_is_no_number(text: str) -> None:
    """NumPy and PyTorch say infinite or NaN, and neither raises nor warns."""
    assert not math.isfinite(numpy_value(text))
    assert not math.isfinite(torch_value(text))


def test_names_come_in_the_order_of_the_text() -> None:
    """Each with its character."""
    tree = parse_formula("formula", "b*sin(x) + -a^b")
    assert [(each.name, each.position) for each in names(tree)] == [
        ("b", 1), ("x", 7), ("a", 13), ("b", 15),
    ]  # fmt: skip


def test_values_have_the_shape_of_their_names() -> None:
    """A tensor of the broadcast shape and of their type, also of a formula without x."""
    x, a = torch.zeros(4, 1, 3, 1), torch.ones(2, 1, 1)
    for text in ("a", "2", "a*x+1", "x"):
        found = tensor_values(parse_formula("formula", text), {"x": x, "a": a})
        assert found.shape == (4, 2, 3, 1)
        assert found.dtype == torch.float32
        assert found.is_contiguous()


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 1, "the text ends where a number, a name or '(' was expected"),
        ("   ", 4, "the text ends where a number"),
        ("a*sin(w*x", 10, "the text ends where ')' or an operator was expected"),
        ("a*x)", 4, "')' stands where an operator such as '*' or the end was expected"),
        ("a*/x", 3, "'/' stands where a number, a name or '(' was expected"),
        ("a + +x", 5, "'+' stands where"),
        ("+x", 1, "'+' stands where"),
        ("2x", 2, "'x' stands where an operator"),
        ("2 a x", 3, "'a' stands where an operator"),
        ("1e", 2, "'e' stands where an operator"),
        ("1.2.3", 4, "'.3' stands where an operator"),
        ("x^", 3, "the text ends where a number"),
        ("x^^2", 3, "'^' stands where a number"),
        ("x***2", 4, "'*' stands where a number"),
        ("()", 2, "')' stands where a number"),
        ("a, x", 2, "',' stands where an operator"),
        ("a: 1", 2, "':' stands where an operator"),
        ("a*foo(x)", 3, "'foo' is not a function: there are sin, cos"),
        ("x(2)", 1, "'x' is not a function"),
        ("pi(2)", 1, "'pi' is not a function"),
        ("sin x", 5, "'x' stands where '(' after 'sin' was expected"),
        ("a*sin", 6, "the text ends where '(' after 'sin' was expected"),
        ("sin()", 5, "')' stands where a number"),
        ("sin(x, x)", 6, "',' stands where ')' or an operator"),
        ("min(x)", 6, "')' stands where ',' and a further argument of 'min' was expected"),
        ("mod(x, 1, 2)", 9, "',' stands where ')' or an operator"),
        ("a to x", 3, "'to' stands where an operator"),
        ("to", 1, "'to' stands where a number"),
        ("a = x", 3, "'=' means nothing in formulas"),
        ("x % 2", 3, "'%' means nothing in formulas"),
        ("x²", 2, "'²' means nothing in formulas"),
        ("a[0]", 2, "'[' means nothing"),
        ("a.b", 2, "'.' means nothing"),
        ("'a'", 1, "means nothing"),
        ("1e999*x", 1, "'1e999' is too large a number"),
        ("lambda x: x", 8, "'x' stands where an operator"),
        ("__import__(x)", 1, "'__import__' is not a function"),
        ("(" * 40 + "x", MAX_DEPTH + 1, "more than 25 levels"),
        ("-" * 40 + "x", MAX_DEPTH + 1, "more than 25 levels"),
        ("x^" * 40 + "x", 2 * MAX_DEPTH + 1, "more than 25 levels"),
        ("+".join("x" * 100), MAX_NODES, "more than 150 numbers, names and signs"),
    ],
)
def test_mistakes_are_refused_with_their_place(text: str, position: int, words: str) -> None:
    """The sentence says at which character, what stands there, and what was expected."""
    with pytest.raises(SettingsError) as caught:
        parse_formula("formula", text)
    assert caught.value.field == "formula"
    assert str(caught.value).startswith(f"Formula, character {position}: ")
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 1, "the text ends where the name of a parameter was expected"),
        ("1: 0 to 1", 1, "'1' stands where the name of a parameter"),
        ("a", 2, "the text ends where ':' was expected"),
        ("a 0 to 1", 3, "'0' stands where ':' was expected"),
        ("a: to 1", 4, "'to' stands where a number"),
        ("a: 0 1", 6, "'1' stands where 'to' or an operator was expected"),
        ("a: 0 to", 8, "the text ends where a number"),
        ("a: 0 to 1 b: 0 to 1", 11, "'b' stands where ',' or the end was expected"),
        ("a: 0 to 1,", 11, "the text ends where the name of a parameter"),
        ("a: 0 to 1; b: 0 to 1", 10, "';' means nothing"),
        ("a: 0 to b", 9, "'b' stands where a number was expected"),
        ("a: x to 1", 4, "'x' stands where a number was expected"),
        ("x: 0 to 1", 1, "'x' has a meaning of its own"),
        ("sin: 0 to 1", 1, "'sin' has a meaning of its own"),
        ("pi: 0 to 1", 1, "'pi' has a meaning of its own"),
        ("to: 0 to 1", 1, "'to' has a meaning of its own"),
        ("a: 0 to 1, b: 0 to 1, a: 2 to 3", 23, "'a' has a range already"),
    ],
)
def test_mistakes_in_ranges_are_refused_with_their_place(
    text: str, position: int, words: str
) -> None:
    """As for formulas."""
    with pytest.raises(SettingsError) as caught:
        parse_ranges("ranges", text)
    assert caught.value.field == "ranges"
    assert str(caught.value).startswith(f"Ranges, character {position}: ")
    assert words in str(caught.value)


def test_ranges_are_read_in_their_order() -> None:
    """Names, and ends that may be arithmetic."""
    found = parse_ranges("ranges", "b: -pi/2 to 2*pi, a : -1 to -.5")
    assert [each.name for each in found] == ["b", "a"]
    ends = [float(array_values(end, {})) for each in found for end in (each.low, each.high)]
    assert ends == pytest.approx([-math.pi / 2, 2 * math.pi, -1, -0.5])


def test_random_characters_raise_nothing_else() -> None:
    """Whatever is typed is read or refused as a setting."""
    draw = random.Random(1)
    pieces = [*"+-*/^()., :x\ta1e²π$\x00\ud800", "**", "sin", "min(", "to", "1e5", "−", "漢", "😀"]
    refused = []
    for _ in range(5000):
        text = "".join(draw.choice(pieces) for _ in range(draw.randint(0, 12)))
        for parse in (parse_formula, parse_ranges):
            try:
                parse("formula", text)
            except SettingsError as error:
                refused.append(str(error))
    assert all(sentence.startswith("Formula, character ") for sentence in refused)
    assert 5000 < len(refused) < 10000
