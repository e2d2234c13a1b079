"""How places use electricity, by hand; shapes get the names that people would give them."""

import numpy as np
import pytest

from metering.domain import clusters
from metering.domain.behaviour import UNKNOWN, describe
from metering.domain.clusters import SHAPES, TEMPLATES, Shape

DAYS = 28
OFF = np.array([day % 7 >= 5 for day in range(DAYS)])


def _told(hours, *, whole=None):
    energy = np.asarray(hours, dtype=np.int64)
    known = np.ones(energy.shape[:2], dtype=np.bool_) if whole is None else whole
    return describe(energy_wh=energy, is_whole=known, is_off=OFF[: energy.shape[1]])


def _week(working, off):
    return np.array([[off if is_off else working for is_off in OFF]], dtype=np.int64)


def test_a_home_by_hand():
    working = [100] * 5 + [200] * 13 + [800] * 4 + [300] * 2
    off = [100] * 5 + [400] * 13 + [800] * 4 + [300] * 2
    told = _told(_week(working, off))
    assert told.known_days.tolist() == [28]
    assert told.working_wh[0].tolist() == working
    assert told.off_wh[0].tolist() == off
    work, rest = 500 + 2600 + 3200 + 600, 500 + 5200 + 3200 + 600
    total = 20 * work + 8 * rest
    assert told.day_wh.tolist() == [total // 28]
    assert told.evening_e4.tolist() == [28 * 3200 * 10_000 // total]
    assert told.night_e4.tolist() == [28 * 500 * 10_000 // total]
    assert told.off_e4.tolist() == [rest * 10_000 // work]
    assert told.base_w.tolist() == [100]


def test_base_load_is_the_fifth_percentile_of_the_nights_by_nearest_rank():
    """28 nights of 5 hours are 140 hours: the 7th smallest. Six hours without power do not make it nothing."""
    energy = np.full((2, DAYS, 24), 500)
    energy[:, :, :5] = np.arange(100, 240).reshape(DAYS, 5)
    energy[0, 0, :5], energy[0, 1, 0] = 0, 0
    assert _told(energy).base_w.tolist() == [106, 106]


def test_days_that_are_not_whole_count_nowhere():
    energy = _week([100] * 24, [100] * 24)
    energy[0, 3] = 9_999
    whole = np.ones((1, DAYS), dtype=np.bool_)
    whole[0, 3] = False
    told = _told(energy, whole=whole)
    assert (told.known_days[0], told.day_wh[0], told.working_wh[0].max()) == (27, 2_400, 100)


@pytest.mark.parametrize(("known", "is_told"), [(13, False), (14, True)])
def test_fewer_than_two_weeks_are_told_of_nothing(known, is_told):
    whole = np.zeros((1, DAYS), dtype=np.bool_)
    whole[0, :known] = True
    told = _told(_week([100] * 24, [100] * 24), whole=whole)
    assert [column[0] != UNKNOWN for column in (told.day_wh, told.base_w, told.working_wh[:, 0])] == [is_told] * 3


def test_a_place_that_used_nothing_has_no_shares():
    told = _told(_week([0] * 24, [0] * 24))
    assert (told.day_wh[0], told.base_w[0]) == (0, 0)
    assert {told.evening_e4[0], told.night_e4[0], told.off_e4[0]} == {UNKNOWN}


def test_no_days_at_all_are_no_fault():
    assert _told(np.zeros((2, 0, 24))).base_w.tolist() == [UNKNOWN, UNKNOWN]


def test_templates_are_named_as_themselves():
    assert clusters.names(profiles=TEMPLATES, centres=clusters.group(profiles=TEMPLATES)) == list(SHAPES)


def test_size_makes_no_shape():
    home = np.array([[2, 1, 1, 1, 1, 1, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 3, 4, 6, 8, 8, 7, 4, 2]])
    small, big = (clusters.vectors(working_wh=home * n, off_wh=home * n) for n in (7, 7_000))
    assert np.allclose(small, big)


def test_noisy_homes_fall_into_groups_of_their_kind():
    """Two hundred noisy copies of each template: nearly all get its name, and the same each time."""
    rng = np.random.default_rng(3)
    true = np.repeat(np.arange(len(SHAPES)), 200)
    noisy = TEMPLATES[true] * rng.uniform(0.7, 1.3, size=(len(true), 48))
    centres = clusters.group(profiles=noisy)
    assert np.array_equal(centres, clusters.group(profiles=noisy))
    named = clusters.names(profiles=noisy, centres=centres)
    right = sum(one is SHAPES[kind] for one, kind in zip(named, true.tolist(), strict=True))
    assert right >= 0.98 * len(true)


def test_k_means_ends_where_each_is_nearest_to_its_own_mean():
    rng = np.random.default_rng(5)
    profiles = rng.uniform(0, 3, size=(300, 48))
    centres = clusters.group(profiles=profiles, groups=5)
    mine = clusters.nearest(profiles=profiles, centres=centres)
    brute = ((profiles[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(mine, brute)
    means = np.array([profiles[mine == one].mean(axis=0) for one in range(5)])
    assert np.allclose(means, centres)


def test_fewer_places_than_groups_and_none_at_all():
    one = clusters.vectors(working_wh=np.full((1, 24), 50), off_wh=np.full((1, 24), -1))
    assert clusters.names(profiles=one, centres=clusters.group(profiles=one)) == [Shape.FLAT]
    none = np.empty((0, 48))
    assert clusters.names(profiles=none, centres=clusters.group(profiles=none)) == []
