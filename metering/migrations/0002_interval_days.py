"""The table of interval days: native partitions by month, which Django's models cannot say."""

from django.db import migrations

TABLE = """
CREATE TABLE metering_intervalday (
    register_id bigint NOT NULL,
    day_date date NOT NULL,
    version smallint NOT NULL,
    start_at timestamptz NOT NULL,
    interval_minutes smallint NOT NULL,
    exponent smallint NOT NULL DEFAULT 0,
    values bytea NOT NULL,
    total_wh bigint NOT NULL,
    quality text NOT NULL DEFAULT 'A',
    updated_at timestamptz,
    read_file_id bigint,
    correction_id bigint,
    method text NOT NULL DEFAULT '',
    CONSTRAINT interval_day_version_kept_once PRIMARY KEY (register_id, day_date, version),
    CONSTRAINT interval_length_divides_the_day CHECK (interval_minutes > 0 AND 1440 % interval_minutes = 0),
    CONSTRAINT interval_day_is_whole CHECK (octet_length(values) = 4 * (1440 / interval_minutes)),
    CONSTRAINT interval_quality_fits CHECK (length(quality) IN (1, 1440 / interval_minutes))
) PARTITION BY RANGE (day_date);
COMMENT ON TABLE metering_intervalday IS
    'One metering-clock day of interval values of one register, one row a version; the highest version holds. '
    'Partitions by month are made by metering.operations.partitions before rows are loaded.';
"""

# Values load three times as fast without foreign keys; the importer holds the register's row lock instead, and this
# trigger keeps what a key would: no register goes while days of it are kept.
KEEP_REGISTERS = """
CREATE FUNCTION metering_register_with_days_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM metering_intervalday d WHERE d.register_id = OLD.id) THEN
        RAISE EXCEPTION 'register % has interval days', OLD.id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER register_with_days_stays BEFORE DELETE ON metering_register
    FOR EACH ROW EXECUTE FUNCTION metering_register_with_days_stays();
"""

# Days are appended delivery by delivery, so a block-range index finds those of a file and costs nothing while loading.
INDEX = """
CREATE INDEX interval_day_by_file ON metering_intervalday USING brin (read_file_id) WITH (autosummarize = on);
"""

VIEW = """
CREATE VIEW metering_interval_value AS
SELECT d.register_id,
       d.day_date,
       d.version,
       s.slot,
       d.start_at + s.slot * d.interval_minutes * interval '1 minute' AS start_at,
       d.interval_minutes,
       v.value * power(10::numeric, d.exponent) AS value_wh,
       CASE WHEN length(d.quality) = 1 THEN d.quality ELSE substr(d.quality, s.slot + 1, 1) END AS quality
FROM metering_intervalday d
CROSS JOIN LATERAL generate_series(0, octet_length(d.values) / 4 - 1) AS s(slot)
CROSS JOIN LATERAL (
    SELECT get_byte(d.values, 4 * s.slot)
         | (get_byte(d.values, 4 * s.slot + 1) << 8)
         | (get_byte(d.values, 4 * s.slot + 2) << 16)
         | (get_byte(d.values, 4 * s.slot + 3) << 24) AS value
) AS v
WHERE NOT EXISTS (
    SELECT FROM metering_intervalday n
    WHERE n.register_id = d.register_id AND n.day_date = d.day_date AND n.version > d.version
);
COMMENT ON VIEW metering_interval_value IS
    'Interval values that hold, one row each, for readers outside the application: start in UTC, Wh or varh, quality.';
"""

# A row is written again with each push, and none of its indexed columns changes: room on its page keeps it there.
LIVE_DAYS = """
ALTER TABLE metering_liveday SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
"""


class Migration(migrations.Migration):
    initial = True  # of this table: to go back is to drop it
    dependencies = [("metering", "0001_initial")]

    operations = [
        migrations.RunSQL(TABLE, reverse_sql="DROP TABLE metering_intervalday"),
        migrations.RunSQL(
            KEEP_REGISTERS, reverse_sql="DROP FUNCTION metering_register_with_days_stays() CASCADE"
        ),
        migrations.RunSQL(INDEX, reverse_sql="DROP INDEX interval_day_by_file"),
        migrations.RunSQL(VIEW, reverse_sql="DROP VIEW metering_interval_value"),
        migrations.RunSQL(LIVE_DAYS, reverse_sql=migrations.RunSQL.noop),
    ]
