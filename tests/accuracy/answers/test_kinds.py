"""What is taken from an output, by the kind of question: the last stated answer, and nothing where none was given."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisbench.accuracy.answers import equality
from aisbench.accuracy.answers.kinds import KINDS, score
from aisbench.accuracy.question import Answer, Scored

CHOICES = [
    ("B. Paris", "B"),
    ("Let's eliminate: A ✗, B ✗, C ✓, D ✗.", "C"),
    ("So, the right answer is option 'B'.", "B"),
    ("The statement in C is false, the statement in B is true; hence B.", "B"),
    ("The answer could be A or D. I can't decide.", None),
    ("根据题意，A、B、D均错误，只有C正确。", "C"),
    ("A: no. B: no. C: yes.", "C"),
    ("(A) No. (B) Yes, (C) No", "B"),
    ("A: wrong\nB: correct\nC: wrong\nD: false", "B"),
    ("The answer is B, not C.", "B"),
    ("I think the answer is C because A is too small and B is too big.", "C"),
    ("A and B are wrong, so D", "D"),
    ("B or C", None),
    ("The answer is B or C.", None),
    ("Answer: B\n\nExplanation: A is wrong, C is correct only in winter.", "B"),
    ("A cat is an animal. I like it.", None),
    ("I think it is a trap.", None),
    ("The best option is (D) because it fits.", "D"),
    ("答案：Ｃ", "C"),
    ("本题选B。", "B"),
    ("故选:D", "D"),
    ("选项C正确", "C"),
    ("A项错误,B项正确。", "B"),
    ("应选 C 项", "C"),
    ("La respuesta correcta es la B.", "B"),
    ("La réponse est (C).", "C"),
    ("Die richtige Antwort ist B.", "B"),
    ("Ответ: C", "C"),
    ("正解はBです。", "B"),
    ("정답은 D입니다", "D"),
    ("Answer: B\nWait, I made a mistake. Actually C is correct.", "C"),
    ("The answer is A. Hmm, on reflection, the answer is B.", "B"),
    ("I would go with C.", "C"),
    ("I'd pick (a).", "A"),
    ("**B**", "B"),
    ("## Answer\n\n**C**", "C"),
    ("The answer isn't B. It's C.", "C"),
    ("It can't be A, B or C.", "D"),
    ("<think>hmm A</think>\n\nB", "B"),
    ("hmm A maybe</think>\nThe answer is D", "D"),
    ("A) Paris\nB) London\nC) Rome\nD) Berlin\n\nThe capital of France is Paris, so the answer is A.", "A"),
    ("A) Paris\nB) London\nC) Rome\nD) Berlin", None),
    ("Let's go through them.\nA. 5 - incorrect\nB. 6 - incorrect\nC. 7 - correct\nD. 8 - incorrect", "C"),
    ("Neither A nor B is right; C it is.", "C"),
    ("Neither A nor C. Thus D.", "D"),
    ("B is correct.", "B"),
    ("All of A, B, C and D are correct.", None),
    ("\\boxed{A, B}", None),
    ("\\boxed{\\mathrm{C}}", "C"),
    ("The correct answer is $\\boxed{\\textbf{(E)}\\ 12}$", None),
    ("Option A is better than B, so A", "A"),
    ("Vitamin C is essential. The answer is B", "B"),
    ("Vitamin C is essential.", None),
    ("The answer is: \n\n(C) because", "C"),
    ("Final Answer: The final answer is C. I hope it is correct.", "C"),
    ("I choose B over A.", "B"),
    ("We rule out A, B, and D, leaving C.", "C"),
    ("If the answer were B, then x. But it is not. The answer is C", "C"),
    ("Could the answer be B? No. It must be D.", "D"),
    ("analysisThe user asks. Maybe B.assistantfinalThe answer is C.", "C"),
    ("<|channel|>analysis<|message|>B?<|end|><|start|>assistant<|channel|>final<|message|>A", "A"),
    ("<|channel|>analysis<|message|>B it is", None),
    ("Answer: A) because B is wrong", "A"),
    ("the answer is a.", "A"),
    ("The answer is a good one: B", "B"),
    ("Answer: AC", None),
    ("答案是A和C", None),
    ("A", "A"),
    ("d)", "D"),
    ("'B'", "B"),
    ("Answer - B", "B"),
    ("Answer → B", "B"),
    ("correct option: C", "C"),
    ("The correct answer is B: A mixture of both.", "B"),
    ("The correct choice is B) A mixture.", "B"),
    ("错误的是B", "B"),
    ("不选A,选C", "C"),
    ("排除A、B、D,故答案为C", "C"),
    ("A不对,C对", "C"),
    ("以上都不对", None),
    ("Answer: B\n\nQuestion: What is x?\nA. 1\nB. 2\nAnswer: C", "B"),
    ("Answer: C.\nI am sure.", "C"),
    ("I believe that I is a pronoun", None),
    ("The answer is D, since A, B, and C are false.", "D"),
    ("C, because the others fail", "C"),
    ("My choice would be B", "B"),
    ("Answer:\nB", "B"),
    ("答案选B", "B"),
    ("因此答案应该是 (B)。", "B"),
    ("The answer is **B** (Paris)", "B"),
    ("The answer is option B", "B"),
    ("The answer would be letter C", "C"),
    ("It's B", "B"),
    ("Probably B", "B"),
    ("B!", "B"),
    ("Sure! The answer is B.", "B"),
    ('The answer is "B".', "B"),
    ("<answer>B</answer>", "B"),
    ("Answer: [B]", "B"),
    ("The answer is clearly not A", None),
    ("I'm torn between A and C.", None),
]
NUMBERS = [
    ("一共有 3×8=24 个苹果，吃掉 5 个，还剩 19 个。", "19"),
    ("The discount is 20% of $50 = $10, so the price is $40.", "40"),
    ("Janet pays 45 dollars in total (15 dollars x 3).", "45"),
    ("It would take 1/4 of an hour, so 15 minutes. Answer: 15", "15"),
    ("He needs three dozen eggs, which is 36.", "36"),
    ("Sarah's age is 12 and Tom's age is 2 * 12 = 24. In 5 years Tom will be 29 years old.", "29"),
    ("I got 14 at first. But wait, she gives away 2, so it's 12.", "12"),
    ("The answer is 10²", "100"),
    ("The answer is 2^{10}", "1024"),
    ("The area is 12 m^2", "12"),
    ("The answer is 12 m²", "12"),
    ("So she has 18 eggs left after giving 4 to friends.", "18"),
    ("The total cost for 3 shirts is $45.", "45"),
    ("Therefore, the answer is 1,234,567.", "1234567"),
    ("The answer is ₹12,34,567", "1234567"),
    ("The answer is -5.", "-5"),
    ("The answer is −5 degrees", "-5"),
    ("x = 3 + 4 = 7", "7"),
    ("The answer is 3 + 4 = 7 apples", "7"),
    ("Answer: 18 = 9 * 2", "18"),
    ("answer: 5 (2 from John and 3 from Mary)", "5"),
    ("**Answer:** $18", "18"),
    ("\\boxed{18}", "18"),
    ("The answer is $\\boxed{1{,}234}$", "1234"),
    ("#### 1,000\nExtra 55", "1000"),
    ("The answer is twenty-three.", "23"),
    ("答案是三百二十。", "320"),
    ("答:一共有36个", "36"),
    ("答案:3.5元", "3.5"),
    ("So it is 5.\n\nAnswer: 3 1/2", "3.5"),
    ("The answer is 2.5 million", "2500000"),
    ("She needs 4 dozen eggs, i.e. the answer is 48", "48"),
    ("Final answer: 25%", "25"),
    ("The answer is 7, not 8.", "7"),
    ("The answer is not 8, it is 7", "7"),
    ("Answer: 10. Wait, I forgot to double it. Answer: 20", "20"),
    ("Answer: 20 minutes\n\nQ: How many in 3 hours?\nA: 7", "20"),
    ("Step 1: 3+4=7\nStep 2: 7*2=14\nThe final answer is 14.", "14"),
    ("La respuesta es 42.", "42"),
    ("Die Antwort ist 42.", "42"),
    ("答えは42です。", "42"),
    ("Ответ: 42", "42"),
    ("La réponse est 3,5.", "3.5"),
    ("Answer:\n18", "18"),
    ("### Answer\n\n$18$ dollars", "18"),
    ("The answer is 12 apples, 7 pears, for a total of 19 fruits.", "19"),
    ("The answer is 1 234", "1234"),
    ("The answer is 1.8 × 10¹", "18"),
    ("The answer is １８", "18"),
    ("Answer: 18 eggs. There were 16 before.", "18"),
    ("She makes 9 * $2 = $<<9*2=18>>18 every day", "18"),
    ("Therefore, he spent **$45** on 3 shirts", "45"),
    ("The answer to question 3 is 18", "18"),
    ("Answer (in dollars): 18", "18"),
    ("the answer would be eighteen (18)", "18"),
    ("The answer is: $$\\frac{1}{4}$$", "0.25"),
    ("the answer is 18 because 9*2=18 and 16-7=9", "18"),
    ("Thus 18.", "18"),
    ("The answer is 18/2", "9"),
    ("The answer is 18 in 3 days", "18"),
    ("It costs $18.00 in total.", "18"),
    ("His age is 18 years old.", "18"),
    ("one", "1"),
    ("The answer is one.", "1"),
    ("Answer: 0", "0"),
    ("Answer: 0.50", "0.5"),
    ("共需要 3 × 4 = 12 元。", "12"),
    ("The answer is minus three", "-3"),
    ("The answer is 100 km/h", "100"),
    ("The answer is 5 m/s^2", "5"),
    ("The answer is 10 cm^{2}", "10"),
]
NO_NUMBER = ["the answer is between 3 and 5", "The answer is 3-5", "3 or 4", "half", "I don't know.", ""]
MATHS = [
    (r"So $x = \boxed{\frac{3}{4}}$.", "0.75", True),
    (r"\boxed{\frac{6}{8}}", r"\frac{3}{4}", True),
    (r"First \boxed{2}. No: \boxed{5}", "5", True),
    (r"First \boxed{5}, then \boxed{7", "5", False),
    (r"\boxed{\boxed{7}}", "7", True),
    (r"\boxed{25\%}", "25", True),
    (r"\boxed{60^{\circ}}", "60", True),
    (r"\boxed{\text{even}}", "even", True),
    (r"\boxed{12{,}500}", "12500", True),
    (r"\boxed{(a+b)(a-b)}", "a^2-b^2", True),
    (r"\boxed{\{4, 2\}}", r"\{2,4\}", True),
    (r"\boxed{(2, 4)}", "(4, 2)", False),
    (r"\boxed{2\sqrt{2}}", r"\sqrt{8}", True),
    (r"The answer is $\frac{1}{3}$, since the rest is even.", r"\frac{1}{3}", True),
    ("Therefore $n = 17$.", "17", True),
    (r"<think>\boxed{3}", "3", False),
    (r"\boxed{}", "3", False),
]


@pytest.mark.parametrize(("output", "expected"), CHOICES)
@pytest.mark.parametrize("kind", ["choice", "gpqa"])
def test_a_choice(kind: str, output: str, expected: str | None) -> None:
    assert score(kind, Answer(output), "A", labels="ABCD").extracted == expected


@pytest.mark.parametrize(("output", "expected"), NUMBERS)
def test_a_number(output: str, expected: str) -> None:
    scored = score("gsm8k", Answer(output), expected)
    assert scored.correct, scored


@pytest.mark.parametrize("output", NO_NUMBER)
def test_no_single_number(output: str) -> None:
    assert not score("gsm8k", Answer(output), "3").correct


@pytest.mark.parametrize(("output", "gold", "right"), MATHS)
def test_mathematics(output: str, gold: str, right: bool) -> None:
    assert score("math", Answer(output), gold).correct is right


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "thought", ["<think>{}", "◁think▷{}", "<reasoning>{}", "[THINK]{}", "<|channel|>analysis<|message|>{}"]
)
def test_an_unfinished_thought_is_no_answer(kind: str, thought: str) -> None:
    scored = score(
        kind,
        Answer(thought.format("The answer is 5. Answer: B")),
        "5" if kind in ("gsm8k", "math", "aime") else "B",
    )
    assert scored == Scored(None, False, 0.0, "unfinished thinking")


def test_the_text_of_a_choice_is_an_answer() -> None:
    texts = ("mercury", "the planet venus", "mars", "earth")
    assert score(
        "choice", Answer("The answer is Venus."), "B", choices=("Mercury", "Venus", "Mars", "Earth")
    ).correct
    assert score("choice", Answer("It is the planet Venus"), "B", choices=texts).extracted == "B"
    assert score("choice", Answer("It is Mars or Earth"), "C", choices=texts).extracted is None


def test_more_labels() -> None:
    assert score("choice", Answer("The answer is (J)."), "J").correct
    assert score("choice", Answer("I think the answer is G"), "G", labels="ABCDEFGHIJ").correct


@pytest.fixture
def _little_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Gives a pair of expressions a third of the CPU time."""
    equality._stop()
    monkeypatch.setattr(equality, "_CPU_SECONDS", 0.5)
    yield
    equality._stop()


@pytest.mark.usefixtures("_little_time")
@pytest.mark.parametrize(
    "other", ["9^{9^{9^{9^{9}}}}", "1000000!", r"\int_0^1 e^{-x^{x^{x}}} dx", "{" * 5000]
)
def test_mathematics_ends_in_time_in_any_thread(other: str) -> None:
    found: list[Scored] = []
    begin = time.monotonic()
    worker = threading.Thread(
        target=lambda: found.append(score("math", Answer(rf"\boxed{{{other}}}"), "x+1"))
    )
    worker.start()
    worker.join(60)
    assert time.monotonic() - begin < 60
    assert [one.correct for one in found] == [False]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["gsm8k", "choice", "gpqa"]), st.text(max_size=300))
def test_nothing_raises(kind: str, output: str) -> None:
    score(kind, Answer(output), "5")


# Outputs that loop, which models give at the end of their wits: 30,000 characters of each.
LOOPS = (
    "1 ", "1,", "1-", "1 2/", "１", "1万", "一", "  ", "\t", "\n", "(", "[", "{", '"', "'", "选", "答案是", "$", "A or B ",
    "human:\n", "Question: A\n", "Question 1:\nanswer: 3\n", "**Problem 3**:\n", "the answer is A or ", "\\frac{1}{",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["gsm8k", "choice", "math"])
def test_a_loop_is_read_within_bounds(kind: str) -> None:
    """Together they take a few seconds. The limit stops a rule whose time grows with the square of the length."""
    script = """
import resource, sys
from aisbench.accuracy.answers.kinds import score
from aisbench.accuracy.question import Answer
resource.setrlimit(resource.RLIMIT_CPU, (15, 15))
for loop in sys.argv[2:]:
    score(sys.argv[1], Answer(loop * (30_000 // len(loop))), "A")
"""
    ended = subprocess.run([sys.executable, "-c", script, kind, *LOOPS], check=False)
    assert ended.returncode == 0


STYLES = (
    "The answer is {}.",
    "**Answer:** {}",
    "Answer: {}",
    "So the final answer is **{}**.",
    "答案是{}。",
    r"\boxed{{{}}}",
    "#### {}",
    "<think>1 or 2 or B?</think>\nThe answer is {}",
)


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9), st.sampled_from(STYLES), st.booleans())
def test_a_stated_number_is_found(value: int, style: str, grouped: bool) -> None:
    assert score("gsm8k", Answer(style.format(f"{value:,}" if grouped else value)), str(value)).correct


@settings(deadline=None)
@given(st.sampled_from("ABCD"), st.sampled_from([style for style in STYLES if "#" not in style]))
def test_a_stated_choice_is_found(letter: str, style: str) -> None:
    assert score("choice", Answer(style.format(letter)), letter).correct
