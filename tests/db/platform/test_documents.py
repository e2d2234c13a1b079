"""The same bytes are kept once, completely, and come back as they were."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.db import connection, transaction

from cis.kernel.actors import Actor, ActorKind
from cis.platform import documents
from cis.platform.models import Document

CLERK = Actor(ActorKind.STAFF, 7, "李雷")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "kept"
    return settings.DOCUMENTS_DIR


def keep(source, name="读数.csv"):
    return documents.keep(source, name=name, media_type="text/csv", actor=CLERK)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.django_db
def test_a_file_comes_back_as_it_was(folder):
    content = bytes(range(256)) * 10_000
    document_id = keep(BytesIO(content))
    with documents.open(document_id) as stream:
        assert stream.read() == content
    kept = documents.about(document_id)
    sha256 = hashlib.sha256(content).hexdigest()
    assert (kept.sha256, kept.name, kept.media_type, kept.size) == (sha256, "读数.csv", "text/csv", len(content))
    assert documents.find(sha256) == kept
    assert Document.objects.get().actor_id == 7
    assert files(folder) == [f"{sha256[:2]}/{sha256[2:4]}/{sha256}"]


@pytest.mark.django_db
def test_the_same_bytes_are_kept_once_under_their_first_name(folder):
    first = keep(b"a,b\n")
    assert keep(BytesIO(b"a,b\n"), name="again.csv") == first
    assert keep(b"") != first
    assert documents.about(first).name == "读数.csv"
    assert len(files(folder)) == 2


@pytest.mark.django_db
def test_too_large_a_file_is_refused_and_leaves_nothing(folder):
    with pytest.raises(documents.FileTooLarge):
        documents.keep(b"12345", name="x", media_type="text/plain", bytes_most=4)
    assert documents.keep(b"1234", name="x", media_type="text/plain", bytes_most=4)
    assert Document.objects.count() == len(files(folder)) == 1


@pytest.mark.django_db
def test_a_stream_that_breaks_leaves_nothing(folder):
    class Broken(BytesIO):
        def read(self, _size=-1):
            raise OSError("cable")

    with pytest.raises(OSError, match="cable"):
        keep(Broken())
    assert files(folder) == []


@pytest.mark.django_db
def test_an_unknown_document_and_a_lost_file_are_told_apart(folder):
    with pytest.raises(documents.UnknownDocument):
        documents.open(1)
    document_id = keep(b"abc")
    path = folder / files(folder)[0]
    for damage in (lambda: path.write_bytes(b"ab"), path.unlink):
        damage()
        with pytest.raises(documents.DocumentLost):
            documents.open(document_id)
    assert keep(b"abc") == document_id
    with documents.open(document_id) as stream:
        assert stream.read() == b"abc"


@pytest.mark.django_db(transaction=True)
def test_several_at_once_keep_the_same_bytes_once(folder):
    def work(_):
        with transaction.atomic():
            document_id = keep(b"same")
        connection.close()
        return document_id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(work, range(12)))) == 1
    assert len(files(folder)) == 1
