"""``python -m nea_env compare``: tables, files, pictures, and one line about a mistake."""

import json

import numpy as np
import pytest

import nea_env
from nea_env.__main__ import main

WORDS = ["compare", "kets_phase2", "kets_phase2 regime.banking.*.limit=none", "--episodes", "8"]
JUST = ["--policy", "just_in_time"]


def test_it_prints_the_table_and_writes_files(tmp_path, capsys):
    outs = [tmp_path / f"new/a.{kind}" for kind in ("json", "csv", "tex")]
    words = [*WORDS, *JUST, "market.volatility=0.2", *(word for out in outs for word in ("--out", str(out)))]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "8 episodes on common draws" in shown and "all with market.volatility=0.2" in shown
    assert shown.endswith("".join(f"{out}\n" for out in outs))
    found = nea_env.compare(
        WORDS[1:3], policies=["just_in_time"], episodes=8, overrides=["market.volatility=0.2"], progress=False
    )
    assert str(found) in shown
    assert json.loads(outs[0].read_text(encoding="utf-8")) == found.to_dict()
    assert outs[1].read_text(encoding="utf-8") == found.to_csv() and outs[2].read_text() == found.to_latex()


@pytest.fixture(scope="module")
def figures():
    pytest.importorskip("matplotlib")
    rules = ["just_in_time", "do_nothing"]
    one = nea_env.compare(WORDS[1:3], policies=rules[:1], episodes=8, price="equilibrium", progress=False)
    two = nea_env.compare([*WORDS[1:3], "tps"], policies=rules, episodes=8, progress=False)
    return {"one policy": (one, one.plot()), "two policies": (two, two.plot(width_mm=150))}


@pytest.mark.parametrize("name", ["one policy", "two policies"])
def test_letters_are_on_the_page_and_not_on_each_other(name, figures):
    _, figure = figures[name]
    figure.draw_without_rendering()
    page = figure.bbox
    titles = [axis._left_title.get_window_extent() for axis in figure.axes]
    labels = [
        label.get_window_extent() for axis in figure.axes for label in axis.get_yticklabels() if label.get_visible()
    ]
    texts = [text.get_window_extent() for text in figure.legends[0].get_texts()]
    for box in [*titles, *labels, *texts, figure._suptitle.get_window_extent()]:
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 and box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1
    assert not [1 for k, a in enumerate(titles) for b in titles[k + 1 :] if a.overlaps(b)]


def test_the_figure_shows_the_numbers(figures):
    found, figure = figures["one policy"]
    price, bank = (next(a for a in figure.axes if word in a.get_title(loc="left")) for word in ("price", "bank"))
    assert price.lines[0].get_ydata() == pytest.approx(found.prices[0].long, nan_ok=True)
    moved = next(line for line in price.lines[1:] if len(line.get_ydata()) == len(found.prices[2].long))
    assert moved.get_ydata() == pytest.approx(found.prices[2].long, nan_ok=True)  # that at given prices is the first's
    share = 100.0 / found.scenarios[0].firm.annual_emissions
    assert bank.lines[0].get_ydata() == pytest.approx(share * found.outcomes["just_in_time"][0].means["bank"])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "A: kets_phase2",
        "B: kets_phase2, banking.*.limit=none, at given prices",
        "B: kets_phase2, banking.*.limit=none, through the price",
    ]


def test_two_currencies_share_an_index_of_prices(figures):
    _, figure = figures["two policies"]
    price = figure.axes[0]
    assert price.get_title(loc="left") == "Long price (first month = 100)"
    assert all(np.asarray(line.get_ydata())[np.isfinite(line.get_ydata())][0] in (0.0, 100.0) for line in price.lines)
    assert price.get_xlabel() == "years from the start"
    with pytest.raises(ValueError, match="at most 3"):
        nea_env.compare(
            WORDS[1:3], policies={str(k): "do_nothing" for k in range(4)}, episodes=2, progress=False
        ).plot()


def test_a_picture_is_written(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out = tmp_path / "a.png"
    assert main([*WORDS, *JUST, "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["kets"], "scenarios: only "),
        (["kets", "kets market.prise=3"], "argument 2, kets market.prise=3: override market.prise"),
        (["kets", "kets", "--policy", "just"], "policy: 'just' is no rule"),
        (["kets", "kets", "--policy", "no_module:mine"], "policy: no_module: there is no module"),
        (["kets", "kets", "--price", "free"], "price: 'free'"),
        (["kets", "kets", "--out", "a.txt"], "--out: 'a.txt' ends in '.txt'"),
        (["kets", "kets", "--width", "3"], "width_mm is 3.0"),
        (["kets", "kets", "--episodes", "1"], "episodes"),
        (["kets_phase2", "kets_phase2", *JUST, "--episodes", "2", "--out", "/dev/null/a.json"], "/dev/null"),
    ],
)
def test_a_mistake_is_one_line(words, message, capsys):
    assert main(["compare", *words]) == 2
    shown = capsys.readouterr()
    assert message in shown.err and shown.err.count("\n") == 1
