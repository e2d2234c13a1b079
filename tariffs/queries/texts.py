"""The texts of tariff versions, drafts included."""

from tariffs.models.tariff import TariffVersion
from tariffs.queries.plans import UnknownVersion


def of_version(version_id: int) -> tuple[int, str]:
    """
    Return the tariff of a version and its text; one statement.

    :raises UnknownVersion: there is no such version.
    """
    found = TariffVersion.objects.filter(id=version_id).values_list("tariff_id", "source").first()
    if found is None:
        raise UnknownVersion(f"There is no tariff version {version_id}.", version_id=version_id)
    return found
