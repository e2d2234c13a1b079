"""What the code on a contract leads to: anybody may see whether paper and kept text are the same; no personal data."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from cis.platform.access import allow_public
from contracts.operations import supply_contracts as operations
from contracts.queries import supply_contracts
from contracts.queries.supply_contracts import UnknownContract

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,43}")
HASH = re.compile(r"[0-9a-fA-F]{64}")
PAPER_MOST = 20 * 1024 * 1024


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show number, dates, state, and whether the hash of the code fits; a paper that is sent is compared, not kept."""
    try:
        found = supply_contracts.verified(token=token if TOKEN.fullmatch(token) else "")
    except UnknownContract:
        return render(request, "portal/verify_unknown.html", status=404)
    printed = request.GET.get("h", "")
    paper = request.FILES.get("paper") if request.method == "POST" else None
    compared = None
    if paper is not None and paper.size is not None and paper.size <= PAPER_MOST:
        compared = bool(found.paper_sha256) and operations.sha256_of(paper.read()) == found.paper_sha256
    context = {
        "found": found,
        "has_hash": bool(HASH.fullmatch(printed)),
        "fits": found.is_intact and printed.lower() == found.content_sha256,
        "is_too_large": paper is not None and compared is None,
        "compared": compared,
    }
    answer = render(request, "portal/verify.html", context)
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "same-origin"
    return answer
