"""What if it is not paid: late fees, reminders, plans, disconnection, prepayment, writing off."""
