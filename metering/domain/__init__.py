"""Rules of metering: what is read from files, and how much energy that is."""
