"""
The rules of a place on cases: classes on three levels, clocks of each kind, authorities, causes, repeats.

A code of three words parted by strokes is a class, ``billing/reading/estimated``; its first word, and its first two,
are topics with names of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from complaints.domain.case_workflow import Clock
from complaints.domain.kinds import CaseKind, HoldScope, Severity
from metering.domain.outages import FaultKind

LEVELS = 3


class UnknownClass(Refused):
    """The place has no such class, or not for this kind of case."""

    code = "unknown_case_class"


class UnknownCause(Refused):
    """The place has no such cause."""

    code = "unknown_case_cause"


class UnknownAuthority(Refused):
    """The place has no such authority."""

    code = "unknown_authority"


@dataclass(frozen=True, slots=True)
class Named:
    """A name in the languages of the place."""

    en: str
    zh: str

    def name(self, language: str) -> str:
        """Return the name in a language."""
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClass:
    """
    What a case is about.

    kinds     of cases that have this class; usual: the one that most often has it
    skill     what a team must know to handle it
    clocks    standards in the place of those of its kind
    hold      what of a disputed account is not pursued meanwhile
    fault     what is wrong with the supply, as outages call it; None: nothing that a crew repairs
    """

    code: str
    named: Named
    kinds: frozenset[CaseKind]
    usual: CaseKind
    severity: Severity
    skill: str
    clocks: Mapping[Clock, str]
    hold: HoldScope
    fault: FaultKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRules:
    """
    The rule ``cases`` of the pack.

    clocks           by kind: standard of each clock; one that is not named does not run
    topics           names of the levels above the classes
    authorities      by code, each with the standard of its answer
    repeat_days      the same matter of the same customer or place within so many days is a repeat
    reopen_days      so long after its end a caller opens it again
    call_back_tries  after so many calls that nobody answered it is closed
    called_back      kinds in which the caller is called back
    spared_roles     roles that see what is complained of about their own team, never about themselves
    """

    clocks: Mapping[CaseKind, Mapping[Clock, str]]
    topics: Mapping[str, Named]
    classes: Mapping[str, CaseClass]
    causes: Mapping[str, Named]
    authorities: Mapping[str, tuple[Named, str]]
    repeat_days: int
    reopen_days: int
    call_back_tries: int
    called_back: frozenset[CaseKind]
    spared_roles: frozenset[Role]

    def class_of(self, code: str, kind: CaseKind) -> CaseClass:
        """
        Return a class that fits a kind of case.

        :raises UnknownClass: there is none.
        """
        found = self.classes.get(code)
        if found is None or kind not in found.kinds:
            raise UnknownClass("There is no such class for this kind of case.", advice="Choose another.", field="class")
        return found

    def classes_of(self, kind: CaseKind) -> tuple[CaseClass, ...]:
        """Return the classes of a kind of case, in the order of the pack."""
        return tuple(one for one in self.classes.values() if kind in one.kinds)

    def path(self, code: str, language: str) -> str:
        """Return the names of a class from its topic on, as a person reads them; "" of none."""
        parts = code.split("/")
        names = [self.topics["/".join(parts[: level + 1])].name(language) for level in range(len(parts) - 1)]
        return " › ".join([*names, self.classes[code].named.name(language)]) if code in self.classes else code

    def cause(self, code: str) -> Named:
        """
        Return a cause.

        :raises UnknownCause: there is none.
        """
        if code not in self.causes:
            raise UnknownCause("There is no such cause.", advice="Choose another.", field="cause")
        return self.causes[code]

    def cause_path(self, code: str, language: str) -> str:
        """Return the names of a cause from its root on; "" of none."""
        parts = code.split("/") if code in self.causes else []
        return " › ".join(self.causes["/".join(parts[: one + 1])].name(language) for one in range(len(parts)))

    def standard(self, clock: Clock, *, kind: CaseKind, class_code: str, authority: str) -> str:
        """
        Return the standard of a clock: of the authority that asks, of the class, of the kind; "": none runs.

        Of these the one that is named first counts, in this order.
        """
        if clock is Clock.FINISH and authority in self.authorities:
            return self.authorities[authority][1]
        of_class = self.classes[class_code].clocks.get(clock, "") if class_code in self.classes else ""
        return of_class or self.clocks.get(kind, {}).get(clock, "")
