"""What transformers give against what the meters that they supply take: losses, in whole Wh."""

from dataclasses import dataclass

SHARE_E4 = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """
    The losses of some days.

    given_wh      what the master meter gave and the places fed in [Wh]
    taken_wh      what the places took and the master meter saw go up [Wh]
    technical_wh  what is lost by nature, see ``technical_losses`` [Wh]; None: no rule says how much
    """

    given_wh: int
    taken_wh: int
    technical_wh: int | None = None

    @property
    def lost_wh(self) -> int:
        """Return what is lost on the way, or not measured; below 0: a meter counts too much, or is not one of its."""
        return self.given_wh - self.taken_wh

    @property
    def commercial_wh(self) -> int | None:
        """Return what is lost beyond what is by nature: not measured, wrongly counted, or stolen. [Wh]"""
        return None if self.technical_wh is None else self.lost_wh - self.technical_wh

    @property
    def commercial_e2(self) -> int | None:
        """Return that of what was given, rounded half away from zero; None where nothing was. [1/100 %]"""
        return None if self.commercial_wh is None else self._share_e2(self.commercial_wh)

    @property
    def percent_e2(self) -> int | None:
        """Return the loss of what was given, rounded half away from zero; None where nothing was. [1/100 %]"""
        return self._share_e2(self.lost_wh)

    def _share_e2(self, part_wh: int) -> int | None:
        if self.given_wh <= 0:
            return None
        half = self.given_wh // 2
        size = (abs(part_wh) * SHARE_E4 + half) // self.given_wh
        return size if part_wh >= 0 else -size
