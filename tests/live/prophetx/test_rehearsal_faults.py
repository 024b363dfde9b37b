"""The schedule of a rehearsal's faults."""

from collections import Counter
from dataclasses import replace

from numpy.random import default_rng

from live.prophetx.tools.rehearsal_faults import schedule
from tests.live.endpoints import LOCAL

FAR = replace(LOCAL, root="https://api.sandbox.prophetx.dev", speed=1, name="sandbox")


def test_every_fault_comes_once_an_hour_in_an_order_of_the_seed() -> None:
    """Another seed gives another order of the same faults, between a calm begin and end."""
    first, again, other = (list(schedule(default_rng(s), LOCAL, 2)) for s in (7, 7, 8))
    assert first == again
    names = [fault.name for _, fault in first]
    assert names != [fault.name for _, fault in other]
    assert set(Counter(names).values()) == {2}
    shares = [share for share, _ in first]
    assert shares == sorted(shares)
    assert 0.1 <= shares[0] < shares[-1] <= 0.9


def test_elsewhere_faults_are_caused_from_our_side() -> None:
    """An exchange that is not ours is asked for no fault."""
    found = [fault for _, fault in schedule(default_rng(7), FAR, 0.5)]
    assert {fault.name for fault in found} == {"we drop the socket", "we throw the token away"}
    assert all(fault.body == {} for fault in found)
