"""The parts that a tariff can be made of: one small class each, behind ``tariffs.domain.lines.Component``."""
