"""Where personal data of customers stand in this room."""

from cis.platform.personal import ROW, Held, actors, by_account, struck

HELD = (
    Held(
        table="metering_faultreport", way=by_account(f"{ROW}.reported_at::date"), subject="fault_report",
        nobody="t.account_id IS NULL AND t.reported_at < %(before)s::date",
        told=f"concat_ws('', {ROW}.name, {ROW}.phone, {ROW}.note, {ROW}.address) !~ '^–*$'",
        erased=struck("name", "phone", "note", "address") | actors("actor_name"),
    ),
)  # fmt: skip
