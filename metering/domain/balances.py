"""What transformers give against what the meters that they supply take: losses, in whole Wh."""

from dataclasses import dataclass

SHARE_E4 = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """
    The losses of some days.

    given_wh  what the master meter counted [Wh]
    taken_wh  what the meters of the places counted [Wh]
    """

    given_wh: int
    taken_wh: int

    @property
    def lost_wh(self) -> int:
        """Return what is lost on the way, or not measured; below 0: a meter counts too much, or is not one of its."""
        return self.given_wh - self.taken_wh

    @property
    def percent_e2(self) -> int | None:
        """Return the loss of what was given, rounded half away from zero; None where nothing was. [1/100 %]"""
        if self.given_wh <= 0:
            return None
        half = self.given_wh // 2
        size = (abs(self.lost_wh) * SHARE_E4 + half) // self.given_wh
        return size if self.lost_wh >= 0 else -size
