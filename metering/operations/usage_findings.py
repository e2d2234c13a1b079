"""What keeps energy from being approved, in words that name place, meter and register."""

from collections.abc import Sequence

from metering.operations.usage_rows import UsageFinding
from metering.queries import registers


def told(findings: Sequence[UsageFinding]) -> list[str]:
    """Return one line for each finding, with its advice; one statement."""
    names = registers.names(sorted({(finding.service_point_id, finding.register_id) for finding in findings}))
    lines = []
    for finding in findings:
        point, serial, code = names[finding.service_point_id, finding.register_id]
        lines.append(f"{point}, meter {serial}, {code}: {finding.code}: {finding.message} {finding.advice}")
    return lines
