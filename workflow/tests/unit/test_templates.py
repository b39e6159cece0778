"""Templates are filled in with what is there, and say where they name what is not."""

import pytest
from attprior.errors import InputError
from attprior.templates import counted, listed, one_line, render, spanned


@pytest.fixture
def filled(tmp_path):
    (tmp_path / "rules").mkdir()

    def fill(text, name="made.jinja", **names):
        (tmp_path / name).write_text(text, encoding="utf-8")
        # as the workflow names files beside its rules
        return render(tmp_path / "rules/.." / name, **names)

    return fill


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (list("abc"), "a, b and c"),
        ([1, 2], "1 and 2"),
        ("\n one a\n\n  two\n", "one a and two"),
    ],
)
def test_lists_read_as_english(items, text):
    assert listed(items) == text


def test_numbers_read_as_english():
    assert (counted(1, "seed"), counted(2000, "seed")) == ("1 seed", "2,000 seeds")
    assert [spanned(seeds) for seeds in ([7], [3, 1], [4, 2, 3, 1])] == ["7", "1 and 3", "1 to 4"]


def test_lines_are_joined_and_marks_move_up():
    assert one_line("a\n, b (c\n ) .5\n; d\n\n.\n") == "a, b (c ) .5; d."


def test_values_are_shown_as_texts_have_them(filled):
    text = "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}\n"
    made = filled(text, a=1e-4, b=2000, c="é<", d=[1, 0.5, 2.0], e=None)
    assert made == "0.0001 2000 é< 1, 0.5 and 2 none\n"


def test_pages_are_escaped(filled):
    made = filled("<b>{{ a }}</b> {{ b | safe }}", "made.html.jinja", a="<&'", b="<i>")
    assert made == "<b>&lt;&amp;&#39;</b> <i>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ b }}", "'b' is undefined"),
        ("{{ a.c }}", "has no attribute 'c'"),
        ("{{ b | listed }}", "'b' is undefined"),
        ("{% if b %}", "Unexpected end of template"),
        ("{{ a | lsited }}", "No filter named 'lsited'"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_template_and_its_line(filled, tmp_path, text, said):
    with pytest.raises(InputError, match=rf"^{tmp_path}/made\.jinja, line 3: .*{said}"):
        filled(f"{{{{ a }}}}\n\n{text}", a={"b": 1})
