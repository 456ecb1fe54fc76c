"""The one Generator: seeds, and its state saved and restored."""

from __future__ import annotations

import copy
import json
import pickle
import threading

import numpy as np
import pytest

from minigrad import random


def draws(generator=None):
    g = random.as_generator(generator)
    return [*g.random(3), *g.standard_normal(2, dtype=np.float32), *g.integers(0, 2**31, 3, dtype=np.uint32)]


def test_one_seed_one_sequence():
    random.manual_seed(3)
    first = draws()
    random.manual_seed(4)
    assert draws() != first
    random.manual_seed(3)
    assert draws() == first
    assert random.manual_seed(np.int64(3)) is random.default_generator()
    assert draws() == first


def test_state_comes_back_through_json():
    random.manual_seed(0)
    draws()
    random.default_generator().integers(0, 9, dtype=np.uint32)  # half a word is left in the state
    state = json.loads(json.dumps(random.get_state()))
    expected = draws()
    random.set_state(state)
    assert draws() == expected
    random.set_state(state)
    assert draws() == expected, "the state itself must not move on"


def test_a_state_does_not_follow_the_generator():
    random.manual_seed(0)
    state = random.get_state()
    draws()
    assert state != random.get_state()


def test_whoever_holds_the_generator_goes_back_too():
    held = random.manual_seed(0)
    state = random.get_state()
    expected = held.random()
    random.set_state(state)
    assert held is random.default_generator() and held.random() == expected


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_other_generators(bits):
    generator = np.random.Generator(bits(1))
    before = random.get_state()
    state = random.get_state(generator)
    expected = draws(generator)
    random.set_state(state, generator)
    assert draws(generator) == expected
    assert random.get_state() == before


def test_pytorch_names():
    assert random.get_rng_state is random.get_state and random.set_rng_state is random.set_state


def test_messages():
    with pytest.raises(TypeError, match=r"manual_seed\(0\), got None"):
        random.manual_seed(None)
    with pytest.raises(TypeError, match="got 1.5"):
        random.manual_seed(1.5)
    with pytest.raises(ValueError, match="at least 0, got -1"):
        random.manual_seed(-1)
    with pytest.raises(TypeError, match=r"RandomState.*default_rng\(seed\)"):
        random.as_generator(np.random.RandomState(0))  # noqa: NPY002 - the old kind, which must be refused
    with pytest.raises(TypeError, match="get_state"):
        random.set_state(np.zeros(3))
    with pytest.raises(ValueError, match="'MT19937'.*'PCG64'"):
        random.set_state(np.random.MT19937(0).state)
    before = random.get_state()
    with pytest.raises(ValueError, match="damaged"):
        random.set_state({"bit_generator": "PCG64", "state": {}})
    assert random.get_state() == before


# --- Generator --------------------------------------------------------------------------------------------------------
def test_a_generator_draws_what_numpys_draws():
    generator = random.Generator()
    assert generator.initial_seed() == random.DEFAULT_SEED and generator.device == "cpu"
    assert generator.manual_seed(5) is generator and generator.initial_seed() == 5
    assert draws(generator) == draws(np.random.default_rng(5))
    assert random.as_generator(generator) is generator and isinstance(generator, np.random.Generator)
    assert repr(generator) == "Generator(initial_seed=5)"


def test_a_new_generator_draws_the_same_in_every_run_until_it_is_seeded():
    assert draws(random.Generator()) == draws(random.Generator("cpu"))
    first, second = random.Generator(), random.Generator()
    assert first.seed() == first.initial_seed() != second.seed()
    assert draws(first) == draws(random.Generator().manual_seed(first.initial_seed()))


def test_the_state_of_a_generator():
    generator = random.Generator().manual_seed(1)
    draws(generator)
    state = json.loads(json.dumps(generator.get_state()))
    twins = [generator.clone_state(), copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))]
    expected = draws(generator)
    for twin in twins:
        assert type(twin) is random.Generator and twin.initial_seed() == 1 and draws(twin) == expected
    assert generator.set_state(state) is generator and draws(generator) == expected
    assert random.get_state(generator) == generator.get_state()


def test_spawned_generators_are_fixed_by_the_seed():
    first, second = (random.Generator().manual_seed(2).spawn(2) for _ in range(2))
    assert [draws(each) for each in first] == [draws(each) for each in second]
    assert draws(first[0]) != draws(first[1])


def test_the_seed_of_the_library():
    random.manual_seed(4)
    assert random.initial_seed() == 4
    assert random.seed() == random.initial_seed() != 4


def test_a_thread_may_draw_from_its_own():
    random.manual_seed(0)
    outside = random.default_generator()
    with random.drawing_from(random.Generator().manual_seed(1)) as own:
        assert random.default_generator() is own is random.as_generator()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(random.default_generator()))
        thread.start()
        thread.join()
        assert seen == [outside]
        with random.drawing_from(random.Generator()) as inner:
            assert random.default_generator() is inner
        assert random.default_generator() is own
        random.manual_seed(9)
        assert random.initial_seed() == 9
    assert random.default_generator() is outside and random.initial_seed() == 0


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: random.Generator("cuda"), ValueError, "on the CPU, not on 'cuda'"),
        (lambda: random.Generator().manual_seed(-1), ValueError, "at least 0, got -1"),
        (lambda: random.Generator().manual_seed("a"), TypeError, "got 'a'"),
        (lambda: random.Generator().set_state(3), TypeError, "get_state"),
    ],
)
def test_bad_generators(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
