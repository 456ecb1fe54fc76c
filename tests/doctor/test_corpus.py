"""The corpus of broken scripts: the doctor names the true cause first, and finds nothing in the mended twins."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn", reason="the patients learn from data that come with scikit-learn")

from tests.doctor import corpus  # noqa: E402 - it declares the cases
from tests.doctor.patient import CASES, made  # noqa: E402

assert corpus
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", CASES)
def test_the_doctor_names_the_cause_first(name: str) -> None:
    report = made(name, True).diagnosed()
    assert report.codes[:1] == [CASES[name][0]], str(report)


@pytest.mark.parametrize("name", CASES)
def test_the_twin_is_healthy(name: str) -> None:
    report = made(name, False).diagnosed()
    assert report.ok, str(report)


@pytest.mark.parametrize("name", CASES)
def test_the_broken_script_learns_worse_than_its_twin(name: str) -> None:
    broken, mended = made(name, True).trained(), made(name, False).trained()
    assert mended > broken, f"{broken} broken, {mended} mended"
