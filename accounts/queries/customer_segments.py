"""The segment of a customer, as the last night gave it."""

from accounts.models.care import CustomerSegment


def of_customer(*, customer_id: int) -> str:
    """Return the segment of a customer, "" where none is known; one statement."""
    return CustomerSegment.objects.filter(customer_id=customer_id).values_list("segment", flat=True).first() or ""
