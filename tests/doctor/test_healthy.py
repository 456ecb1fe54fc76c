"""Healthy models, those that look sick among them: the doctor reports no error and no warning."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn", reason="the patients learn from data that come with scikit-learn")

from tests.doctor import healthy  # noqa: E402 - it declares them
from tests.doctor.healthy.declared import HEALTHY, made_healthy  # noqa: E402

assert healthy
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", HEALTHY)
def test_the_doctor_finds_nothing(name: str) -> None:
    report = made_healthy(name).diagnosed()
    assert report.ok, str(report)
