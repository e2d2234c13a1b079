"""The fields of a URDB rate: what is billed, what only describes, and what nobody can bill from the file alone."""

BILLED = frozenset(
    {
        "annualmincharge",
        "demandratchetpercentage",
        "demandratestructure",
        "demandrateunit",
        "demandreactivepowercharge",
        "demandtoulabels",
        "demandunits",
        "demandweekdayschedule",
        "demandweekendschedule",
        "demandwindow",
        "enddate",
        "energyratestructure",
        "energytoulabels",
        "energyweekdayschedule",
        "energyweekendschedule",
        "fixedchargeeaaddl",
        "fixedchargefirstmeter",
        "fixedchargeunits",
        "fixedmonthlycharge",
        "flatdemandmonths",
        "flatdemandstructure",
        "flatdemandunit",
        "label",
        "lookbackmonths",
        "lookbackpercent",
        "lookbackrange",
        "mincharge",
        "minchargeunits",
        "minmonthlycharge",
        "name",
        "source",
        "sourceparent",
        "startdate",
        "uri",
        "utility",
    }
)
"""Fields that become a part of the document."""

ALIASES = {
    "demandrateunits": "demandrateunit",
    "demandreactpwrcharge": "demandreactivepowercharge",
    "flatdemandunits": "flatdemandunit",
    "sourcereference": "source",
    "supercedes": "supersedes",
}
"""Other spellings seen, once letters are small."""

KEPT = frozenset(
    {
        "_id",
        "approved",
        "basicinformationcomments",
        "country",
        "demandattrs",
        "demandcomments",
        "description",
        "dgrules",
        "eiaid",
        "energyattrs",
        "energycomments",
        "fixedattrs",
        "is_default",
        "maxdemand",
        "maxkwhusage",
        "mindemand",
        "minkwhusage",
        "peakkwcapacityhistory",
        "peakkwcapacitymax",
        "peakkwcapacitymin",
        "peakkwhusagehistory",
        "peakkwhusagemax",
        "peakkwhusagemin",
        "phasewiring",
        "revisions",
        "sector",
        "servicemax",
        "servicetype",
        "supersedes",
        "usenetmetering",
        "version",
        "voltagecategory",
        "voltagemaximum",
        "voltageminimum",
    }
)
"""Fields without a price: who may have the rate, where it was found, remarks. They are told, and change no bill."""

_COINCIDENT = "A demand at the hour of the system's peak is known only afterwards."
_EVENTS = "A price of announced days holds for those who chose it, which the file does not tell apart."

UNBILLABLE = {
    "coincidentratestructure": _COINCIDENT,
    "coincidentrateschedule": _COINCIDENT,
    "coincidentrateunit": _COINCIDENT,
    "fueladjustmentsmonthly": "Monthly adjustments do not say whether the rates contain them.",
    "pdp_charge_energy": _EVENTS,
    "pdp_credit_demandratestructure": _EVENTS,
    "pdp_credit_energyratestructure": _EVENTS,
}
"""Fields with a price that the file alone does not make computable."""
