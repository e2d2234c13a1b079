"""Pure foundation of the house: exact numbers, periods, calendars, columns, workflows, refusals."""
