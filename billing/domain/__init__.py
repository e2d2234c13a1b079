"""
For how much money: pure rules of bills.

    pieces.cut(...)       agreements x terms x tariff versions x billed periods, as columns
    measured.measure(...) energy of each piece by period of use, from approved usage; findings for what is missing
    daily.split(...)      interval days by piece and period of use
    segments.expect(...)  what each piece costs
    segments.diff(...)    expected minus existing
    drafts.compose(...)   bills, segments and lines of the difference, as columns
    bounds.check(...)     which bills a person must look at
    workflow.WORKFLOW     states of a billing run
"""
