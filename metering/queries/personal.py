"""
Where personal data stand in this room: of customers, and where people stood who read meters.

A position of a phone is of somebody of the staff, and no customer's. It goes after the days of the rule
``phone_positions`` (``operations.phone_reads``); what that would leave goes with people who never became customers.
"""

from cis.platform.personal import ROW, Held, Way, actors, by_account, struck

HELD = (
    Held(
        table="metering_faultreport", way=by_account(f"{ROW}.reported_at::date"), subject="fault_report",
        nobody="t.account_id IS NULL AND t.reported_at < %(before)s::date",
        told=f"concat_ws('', {ROW}.name, {ROW}.phone, {ROW}.note, {ROW}.address) !~ '^–*$'",
        erased=struck("name", "phone", "note", "address") | actors("actor_name"),
    ),
    Held(
        table="metering_phoneread", way=Way("false"), exported=False,
        nobody="t.latitude_e3 IS NOT NULL AND t.received_at < %(before)s::date",
        told=f"{ROW}.latitude_e3 IS NOT NULL", erased={"latitude_e3": "NULL", "longitude_e3": "NULL"},
    ),
)  # fmt: skip
