"""The price book: take in versions as TOML documents, publish them when their vectors pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Finding, Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from tariffs.domain import document
from tariffs.domain.document import TariffDocument
from tariffs.domain.places import line_of
from tariffs.domain.workflow import WORKFLOW, VersionAction, VersionState
from tariffs.models.tariff import Tariff, TariffVersion
from tariffs.queries.plans import UnknownVersion


class RedVectors(Refused):
    """The tariff does not compute what its own test vectors say; ``detail["findings"]`` has them."""

    code = "red_vectors"


class StartTaken(Refused):
    """A published version begins on that date already, and what is published is frozen."""

    code = "start_taken"


class OwnDraft(Refused):
    """Whoever wrote a draft does not publish it."""

    code = "own_draft"


class NoReason(Refused):
    """A draft is rejected with a reason."""

    code = "no_reason"


class OtherTariff(Refused):
    """A draft is replaced by one of the same tariff."""

    code = "other_tariff"


class NoFiles(Refused):
    """There is no tariff document at the place named."""

    code = "no_files"


class NotText(Refused):
    """The file is not UTF-8 text."""

    code = "not_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of one document: ``is_new`` False = the same document was there before."""

    version_id: int
    code: str
    start_date: date
    is_new: bool
    is_published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """
    One text of a tariff version.

    read      what it says; None if it cannot be read
    findings  with their lines in the text; none = it can be published
    """

    read: TariffDocument | None
    findings: tuple[tuple[int, Finding], ...]

    @property
    def vectors(self) -> int:
        """Return the number of its test vectors."""
        return len(self.read.vectors) if self.read else 0


def documents_of(path: Path) -> list[Path]:
    """
    Return the tariff documents at a path: the file itself, or all below a folder, sorted.

    :raises NoFiles: there are none.
    """
    found = sorted(path.rglob("*.toml")) if path.is_dir() else [path] if path.is_file() else []
    found = [file for file in found if file.name != "pack.toml"]
    if not found:
        raise NoFiles(f"There is no tariff document at {path}.", path=str(path))
    return found


def documents_of_pack(pack: str) -> list[Path]:
    """
    Return the tariff documents that ship with a jurisdiction pack.

    :raises NoFiles: there is no such pack, or it has no tariffs.
    """
    return documents_of(settings.BASE_DIR / "cis" / "packs" / pack / "tariffs")


def text_of(path: Path) -> str:
    """
    Return the text of a tariff document.

    :raises NotText: the file is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise NotText(f"{path} is not UTF-8 text.", advice="Save it as UTF-8.", path=str(path)) from None


def check(*, text: str) -> Checked:
    """Read one document and compute its vectors; nothing is written, every finding is returned with its line."""
    read, findings = document.examine(text=text)
    if read is not None:
        findings = document.check(document=read)
    return Checked(read=read, findings=tuple((line_of(text=text, finding=one), one) for one in findings))


@opens_transaction
def draft(*, text: str, actor: Actor, replaces: int | None = None) -> int:
    """
    Keep a tariff document as a draft; one that was rejected or replaced is opened again.

    :param replaces: id of a draft that it stands in place of; that one is a draft no longer.
    :returns: id of the version; of the one that is there already if it says the same.
    :raises InvalidTariff: the document has findings.
    :raises UnknownVersion: there is no version to be replaced.
    :raises OtherTariff: the version to be replaced is one of another tariff.
    :raises IllegalMove: the version to be replaced is no draft.
    :raises NotAllowed: the actor does not deal with prices.
    """
    kept = keep(text=text, actor=actor)
    if replaces is not None and replaces != kept.version_id:
        before = _locked(replaces)
        if before.tariff.code != kept.code:
            raise OtherTariff(
                f"Version {replaces} is one of {before.tariff.code}, not of {kept.code}.",
                advice="Keep the code of the tariff, or save it as a new tariff.",
            )
        before.state = WORKFLOW.step(VersionState(before.state), VersionAction.REPLACE, actor).to.value
        before.save(update_fields=["state"])
        audit.record(actor, "replace", "tariff_version", replaces, tariff=kept.code, by=kept.version_id)
    return kept.version_id


@opens_transaction
def publish(*, version_id: int, actor: Actor) -> None:
    """
    Publish a version: from now on it is frozen, and the version before it ends where it begins.

    :raises UnknownVersion: there is no such version.
    :raises OwnDraft: the actor wrote it.
    :raises RedVectors: a vector fails, or there is none.
    :raises StartTaken: another published version begins on the same date.
    :raises IllegalMove: it is no draft.
    :raises NotAllowed: the actor does not deal with prices.
    """
    put_in_force(version_id=version_id, actor=actor)


@opens_transaction
def reject(*, version_id: int, reason: str, actor: Actor) -> None:
    """
    Reject a draft, or take back one's own, with the reason.

    :raises UnknownVersion: there is no such version.
    :raises NoReason: the reason is blank.
    :raises IllegalMove: it is no draft.
    :raises NotAllowed: the actor does not deal with prices.
    """
    if not reason.strip():
        raise NoReason("A draft is rejected with a reason.", advice="Say what is to be mended.", field="reason")
    version = _locked(version_id)
    version.state = WORKFLOW.step(VersionState(version.state), VersionAction.REJECT, actor).to.value
    version.reason, version.approver_id = reason.strip(), actor.id
    version.save(update_fields=["state", "reason", "approver_id"])
    audit.record(actor, "reject", "tariff_version", version_id, tariff=version.tariff.code, reason=version.reason)


@opens_transaction
def load(*, texts: Sequence[str], is_published: bool, actor: Actor) -> tuple[Kept, ...]:
    """
    Take in documents, and publish them if asked; a document that is there already changes nothing.

    All or nothing: earlier versions first, so that each closes the one before it.

    :raises InvalidTariff: a document has findings.
    :raises RedVectors: a vector fails, or there is none.
    :raises StartTaken: another published version begins on the same date.
    """
    return load_step(texts=texts, is_published=is_published, actor=actor)


@joins_transaction
def load_step(*, texts: Sequence[str], is_published: bool, actor: Actor) -> tuple[Kept, ...]:
    """Do what ``load`` does inside a larger use case."""
    kept = sorted((keep(text=text, actor=actor) for text in texts), key=lambda one: (one.code, one.start_date))
    if is_published:
        for one in kept:
            put_in_force(version_id=one.version_id, actor=actor)
    return tuple(
        Kept(
            version_id=one.version_id,
            code=one.code,
            start_date=one.start_date,
            is_new=one.is_new,
            is_published=one.is_published or is_published,
        )
        for one in kept
    )


@joins_transaction
def keep(*, text: str, actor: Actor) -> Kept:
    """
    Keep a document as a draft of its tariff, once: the same document is the same version.

    :raises InvalidTariff: the document has findings.
    """
    read = document.parse(text=text)
    plan = read.plan
    tariff, _ = Tariff.objects.get_or_create(code=plan.code, defaults=_names(read))
    # One at a time per tariff: two drafts or publications must see each other.
    Tariff.objects.select_for_update().get(id=tariff.id)
    known = TariffVersion.objects.filter(tariff=tariff, sha256=read.text_hash).first()
    is_new = known is None
    if known is None:
        known = TariffVersion.objects.create(
            tariff=tariff,
            period=DateRange(plan.valid_from, plan.valid_to),
            source=text,
            sha256=read.text_hash,
            legal_source=plan.legal_source,
            customer_class=plan.customer_class,
            area=plan.area,
            actor_id=actor.id,
        )
        audit.record(actor, "draft", "tariff_version", known.id, tariff=plan.code, sha256=read.text_hash)
    elif known.state not in {VersionState.DRAFT, VersionState.PUBLISHED}:
        _reopen(known, actor)
    return Kept(
        version_id=known.id,
        code=plan.code,
        start_date=plan.valid_from,
        is_new=is_new,
        is_published=known.state == VersionState.PUBLISHED,
    )


def _reopen(version: TariffVersion, actor: Actor) -> None:
    """Make a version that was rejected or replaced a draft again; whoever does so is its author now."""
    version.state = WORKFLOW.step(VersionState(version.state), VersionAction.REOPEN, actor).to.value
    version.actor_id, version.approver_id, version.reason = actor.id, None, ""
    version.save(update_fields=["state", "actor_id", "approver_id", "reason"])
    audit.record(actor, "reopen", "tariff_version", version.id, tariff=version.tariff.code)


@joins_transaction
def put_in_force(*, version_id: int, actor: Actor) -> None:
    """Do what ``publish`` does inside a larger use case; a published version stays as it is."""
    version = _locked(version_id)
    if version.state == VersionState.PUBLISHED:
        return
    to = WORKFLOW.step(VersionState(version.state), VersionAction.PUBLISH, actor).to
    if actor.id is not None and actor.id == version.actor_id:
        raise OwnDraft(
            f"{actor.name} wrote version {version_id} and does not publish it.", advice="Ask somebody else to look."
        )
    read = document.parse(text=version.source)
    document.check(document=read).raise_if_any(RedVectors)
    start = version.period.lower
    published = TariffVersion.objects.filter(tariff_id=version.tariff_id, state=VersionState.PUBLISHED)
    same = published.filter(period__startswith=start).first()
    if same:
        raise StartTaken(
            f"Version {same.id} of {version.tariff.code} is published and begins on {start}.",
            advice="Let the new version begin on a later date.",
            version_id=same.id,
        )
    before = published.filter(period__contains=start).first()
    if before:
        before.period = DateRange(before.period.lower, start)
        before.save(update_fields=["period"])
    after = published.filter(period__startswith__gt=start).order_by("period").first()
    end = min((day for day in (version.period.upper, after and after.period.lower) if day), default=None)
    version.period = DateRange(start, end)
    version.state = to.value
    version.published_at = timezone.now()
    version.approver_id = actor.id
    version.save(update_fields=["period", "state", "published_at", "approver_id"])
    if after is None:  # the price book calls a tariff as its latest version does
        Tariff.objects.filter(id=version.tariff_id).update(**_names(read))
    audit.record(
        actor, "publish", "tariff_version", version_id, tariff=version.tariff.code, start_date=start.isoformat()
    )


def _locked(version_id: int) -> TariffVersion:
    """Return a version with its tariff locked, so that moves of one tariff see each other."""
    version = TariffVersion.objects.select_related("tariff").filter(id=version_id).first()
    if version is None:
        raise UnknownVersion(f"There is no tariff version {version_id}.", version_id=version_id)
    Tariff.objects.select_for_update().get(id=version.tariff_id)
    version.refresh_from_db()
    return version


def _names(read: TariffDocument) -> dict[str, str]:
    return {"name_zh": read.plan.name_zh, "name_en": read.plan.name_en}
