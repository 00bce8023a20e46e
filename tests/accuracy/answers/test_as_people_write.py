"""What a careful reader takes from outputs with corrections, restatements, units, ranges, dates and words for numbers."""

from __future__ import annotations

import pytest

from aisbench.accuracy.answers.kinds import score
from aisbench.accuracy.question import Answer

CHOICES = [
    ("It's A, isn't it? No - B.", "B"),
    ("Is it C? No, that would need friction. D, then.", "D"),
    ("My first thought was A. That's wrong, though: it has to be C.", "C"),
    ("I was going to say B, but D fits better.", "D"),
    ("A? B? Hmm. Definitely B.", "B"),
    ("Answer: C (I ruled out A and D first)", "C"),
    ("Correction: the answer should be A, not D as I wrote above.", "A"),
    ("The answer is D. No, wait. It is A.", "A"),
    ("选B？不，应该选C。", "C"),
    ("一开始我觉得是A，后来发现A不符合题意，所以选D。", "D"),
    ("我认为答案是B，因为A和C都与原文矛盾。", "B"),
    ("The answer can't be D because of the units, so I'd say A.", "A"),
    ("应该是C吧？不对，是A。", "A"),
    ("Almost certainly B.", "B"),
    ("Between B and C, I lean towards C.", "C"),
    ("Not A, not B, not D: C.", "C"),
    ("C is tempting, but B is what the passage says.", "B"),
    ("B) 3/4 — since A) 1/2 and C) 2/3 are too small.", "B"),
    ("Everything but C is wrong.", "C"),
    ("All options except B are false.", "B"),
    ("除了C以外,其他选项都是错误的", "C"),
    ("Between B and C, C fits better.", "C"),
    ("答案是 (A) 还是 (B)?我认为是 B", "B"),
    ("Correct answer: A / Wrong answers: B, C", "A"),
]
NUMBERS = [
    ("The answer is 7 hours and 30 minutes, i.e. 7.5 hours.", "7.5"),
    ("7 hours and 30 minutes, i.e. 7.5 hours", "7.5"),
    ("The trip takes 2 hours 15 minutes, or 2.25 hours.", "2.25"),
    ("The answer is 3 feet 6 inches (42 inches).", "42"),
    ("It takes 90 minutes, which equals 1.5 hours.", "1.5"),
    ("She lost money: her balance is -$45.", "-45"),
    ("Her balance is ($45), that is, minus 45 dollars.", "-45"),
    ("The temperature fell to −3.5 °C.", "-3.5"),
    ("The meeting is on May 14, 2024, so the answer is 14.", "14"),
    ("In 2019 he earned $30,000; in 2020 he earned $36,000. The increase is 20%.", "20"),
    ("The probability is 3 in 8, i.e. 0.375.", "0.375"),
    ("That's two thirds of 60, so forty.", "40"),
    ("The answer: twelve hundred dollars.", "1200"),
    ("Half of it is 7 1/2 cups.", "7.5"),
    ("The total is €1.234,50.", "1234.5"),
    ("答案是负五。", "-5"),
    ("一共是三千零五十元。", "3050"),
    ("他还剩2个半苹果，也就是2.5个。", "2.5"),
    ("涨了百分之二十五。", "25"),
    ("利润率为百分之十二点五。", "12.5"),
    ("答：每人分得4.5千克。", "4.5"),
    ("So he needs 2 weeks and 3 days, which is 17 days.", "17"),
    ("The price is 3 dollars and 50 cents, or $3.50.", "3.5"),
    ("共用了1小时30分钟，即90分钟。", "90"),
    ("2024年5月他买了12本，6月买了8本，一共20本。", "20"),
    ("Answer: 48. (Not 46: I had forgotten the driver and the guide.)", "48"),
    ("I said 15 above; that was a slip. The correct number is 16.", "16"),
    ("The answer is $12 per hour.", "12"),
    ("We need at least 5 buses.", "5"),
    ("So 3/5 of the class, which is 18 pupils, walk to school.", "18"),
    ("Each of the 4 friends gets 6 sweets.", "6"),
    ("**Final answer:** about 1.2 million people", "1200000"),
    ("The answer is 0.5 (or 50%).", "0.5"),
    ("It would take 7 days, not 6.", "7"),
    ("The answer is not 12 but 15.", "15"),
    ("The answer is 150 minutes, or 2.5 hours.", "150"),
    ("答案是150分钟,或2.5小时", "150"),
]
MATHS = [
    (r"Hence $x = -\frac{7}{2}$, i.e. $x = -3.5$.", "-7/2"),
    (r"The answer is $\boxed{\dfrac{5}{12}}$, about $0.417$.", r"\frac{5}{12}"),
    (r"I first wrote $\boxed{10}$; a sign was wrong. The answer is $\boxed{-10}$.", "-10"),
    (r"所以最小值为 $\boxed{2\sqrt{3}-1}$。", r"2\sqrt{3}-1"),
    ("So the answer is 3π/4 radians.", r"\frac{3\pi}{4}"),
    (r"因此答案是 $\frac{9}{16}$（即 56.25%）。", r"\frac{9}{16}"),
    (r"The set of solutions is $\boxed{(-\infty, 2] \cup [5, \infty)}$", r"(-\infty,2]\cup[5,\infty)"),
    (r"The roots are $x=\boxed{5}\text{ or }x=\boxed{-2}$.", "-2, 5"),
    (r"$\boxed{2}$, $\boxed{3}$", "3,2"),
    (r"So $x=\boxed{2}$ and hence $y=\boxed{3}$.", "3"),
    (r"\boxed{1,2,3}", "3,2,1"),
    (r"\boxed{60\%}", "0.6"),
    (r"\boxed{4!}", "24"),
]


@pytest.mark.parametrize(("output", "expected"), CHOICES)
def test_a_choice(output: str, expected: str) -> None:
    assert score("choice", Answer(output), "A", labels="ABCD").extracted == expected


@pytest.mark.parametrize(("output", "expected"), NUMBERS)
def test_a_number(output: str, expected: str) -> None:
    scored = score("gsm8k", Answer(output), expected)
    assert scored.correct, scored


@pytest.mark.parametrize(("output", "gold"), MATHS)
def test_mathematics(output: str, gold: str) -> None:
    scored = score("math", Answer(output), gold)
    assert scored.correct, scored


@pytest.mark.parametrize(
    ("kind", "output", "gold"),
    [
        ("math", r"\boxed{1,5,7}", "1,2,3"),
        ("choice", "我不认为是B", "B"),
        ("choice", "All but C and D are wrong.", "C"),
        ("choice", "Everything except B is correct.", "B"),
        ("choice", "Wrong answers: B, C", "C"),
        ("gsm8k", "The answer is 3 or 4.", "3"),
    ],
)
def test_an_answer_that_is_not_given(kind: str, output: str, gold: str) -> None:
    assert not score(kind, Answer(output), gold, labels="ABCD" if kind == "choice" else "").correct
