"""What is answered to programs that look for devices: there is the CPU, and they go on with it."""

from __future__ import annotations

import minigrad as mg


def test_programs_that_look_for_a_device_find_the_cpu():
    device = mg.device("cuda" if mg.cuda.is_available() else "mps" if mg.backends.mps.is_available() else "cpu")
    if mg.accelerator.is_available():
        device = mg.accelerator.current_accelerator()
    assert device == "cpu" and mg.nn.Linear(2, 2).to(device)(mg.ones(1, 2).to(device)).shape == (1, 2)
    assert mg.cuda.device_count() == mg.accelerator.device_count() == 0
    assert mg.accelerator.current_accelerator() is None and not mg.backends.cuda.is_built()


def test_what_is_set_for_devices_has_no_effect():
    mg.manual_seed(1)
    expected = mg.rand(2).tolist()
    mg.manual_seed(1)
    mg.cuda.manual_seed(2)
    mg.cuda.manual_seed_all(2)
    mg.cuda.empty_cache()
    mg.cuda.synchronize()
    mg.accelerator.synchronize()
    mg.backends.cudnn.benchmark = True
    assert mg.rand(2).tolist() == expected
