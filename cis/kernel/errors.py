"""Refusals that are foreseen, and findings of checks that report all errors at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class Refused(Exception):
    """
    The request cannot be done, for a reason that was foreseen.

    Subclasses live in the module that raises them and set ``code``, the stable name that doors pass on.

    message  what is wrong, for the person who asked
    advice   what that person can do about it, may be empty
    detail   further facts by name, as ids and limits
    """

    code: str = "refused"

    def __init__(self, message: str, *, advice: str = "", **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.detail = detail

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is pickled by its args alone, which would lose advice and detail on the way from a worker.
        return _restore, (type(self), self.message, self.advice, self.detail)


def _restore(kind: type[Refused], message: str, advice: str, detail: dict[str, Any]) -> Refused:
    return kind(message, advice=advice, **detail)


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One error that a check found.

    where  place in what was checked, as "line 12" or "components[2].price"; "" = the whole
    code   stable name of the kind of error
    """

    where: str
    code: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} {self.advice}".rstrip()


class Findings:
    """Errors in the order they were found; true if there are any."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def add(self, where: str, code: str, message: str, advice: str = "") -> None:
        """Add one error."""
        self._found.append(Finding(where, code, message, advice))

    def extend(self, findings: "Findings") -> None:
        """Add all errors of another check."""
        self._found.extend(findings)

    def raise_if_any(self, error_class: type[Refused]) -> None:
        """
        Do nothing if there are no errors.

        :raises error_class: there are errors; the message has one line for each, ``detail["findings"]`` holds them.
        """
        if self._found:
            message = "\n".join(str(finding) for finding in self._found)
            raise error_class(message, findings=tuple(self._found))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)
