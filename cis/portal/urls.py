"""Addresses of the portal."""

from django.urls import path

from cis.portal import advice, bills, changes, contracts, notices, offers, payments, profile, programmes, safety

app_name = "portal"
urlpatterns = [
    path("", bills.home, name="bills"),
    path("bills/<str:number>", bills.bill, name="bill"),
    path("bills/<str:number>/pdf", bills.bill_pdf, name="bill_pdf"),
    path("advice", advice.advice, name="advice"),
    path("bills/<str:number>/proof.json", bills.bill_proof, name="bill_proof"),
    path("supply", changes.index, name="changes"),
    path("supply/new/<slug:kind>", changes.new, name="new_change"),
    path("supply/<int:change_id>/withdraw", changes.withdraw, name="withdraw_change"),
    path("payments", payments.payments, name="payments"),
    path("notices", notices.inbox, name="notices"),
    path("notices/read", notices.mark_read, name="notices_read"),
    path("notices/settings", notices.ways, name="notice_ways"),
    path("notices/<int:notice_id>", notices.one, name="notice"),
    path("safety", safety.safety, name="safety"),
    path("safety/defects/<int:defect_id>/done", safety.claim, name="claim_defect"),
    path("safety/defects/<int:defect_id>/photos/<int:photo_id>", safety.photo, name="defect_photo"),
    path("safety/<int:inspection_id>/notice.pdf", safety.notice, name="rectification_notice"),
    path("details", profile.profile, name="profile"),
    path("contracts", contracts.index, name="contracts"),
    path("contracts/<int:contract_id>", contracts.show, name="contract"),
    path("contracts/<int:contract_id>/pdf", contracts.pdf, name="contract_pdf"),
    path("contracts/<int:contract_id>/code", contracts.send_code, name="contract_code"),
    path("contracts/<int:contract_id>/sign", contracts.sign, name="sign_contract"),
    path("offers/<int:offer_id>", offers.show, name="offer"),
    path("offers/<int:offer_id>/pdf", offers.pdf, name="offer_pdf"),
    path("offers/<int:offer_id>/answer", offers.answer, name="answer_offer"),
    path("programmes", programmes.index, name="programmes"),
    path("programmes/join/<int:program_id>", programmes.offer, name="programme_offer"),
    path("programmes/join/<int:program_id>/ask", programmes.ask, name="ask_programme"),
    path("programmes/<int:enrollment_id>", programmes.show, name="programme"),
    path("programmes/<int:enrollment_id>/pdf", programmes.pdf, name="programme_pdf"),
    path("programmes/<int:enrollment_id>/code", programmes.send_code, name="programme_code"),
    path("programmes/<int:enrollment_id>/accept", programmes.accept, name="accept_programme"),
    path("programmes/<int:enrollment_id>/leave", programmes.leave, name="leave_programme"),
]
