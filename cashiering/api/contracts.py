"""What the endpoints of the room give."""

from rest_framework import serializers

from cis.platform.api_fields import MoneyField


class StatementsTaken(serializers.Serializer):
    """What became of a file of the bank."""

    statements = serializers.ListField(child=serializers.IntegerField(), help_text="Those that it brought.")
    known = serializers.IntegerField(help_text="Statements in it that came in an earlier file, and count there.")
    is_known = serializers.BooleanField(help_text="The file itself came before.")


class StatementShown(serializers.Serializer):
    """A statement and what became of its money."""

    id = serializers.IntegerField()
    format = serializers.CharField()
    reference = serializers.CharField()
    bank_account = serializers.CharField()
    date = serializers.DateField(allow_null=True)
    lines = serializers.IntegerField()
    lines_waiting = serializers.IntegerField(help_text="Not posted yet.")
    lines_in_suspense = serializers.IntegerField()
    moved = MoneyField(help_text="What its lines moved; credits are above 0.")
    booked = MoneyField(help_text="Became payments of accounts.")
    suspense = MoneyField(help_text="Stands in suspense.")
    outgoing = MoneyField(help_text="Is to go back to payers, or went.")
    settled = MoneyField(help_text="It is known for what, or it went back.")
    known = MoneyField(help_text="Counts in another statement.")
    waiting = MoneyField(help_text="Is not posted yet.")
    difference = MoneyField(help_text="Moved less all of these: 0.")
